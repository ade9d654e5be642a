// tests/core/storage/every_loss.h
//
// What may be left of a disk if the machine stops now: ForEveryLoss calls
// `look` with a disk after a death of the process, then after power losses:
// that of all that is not synced, of nothing, and all others if they are few,
// or `samples` of them.

#ifndef ORRERY_TESTS_CORE_STORAGE_EVERY_LOSS_H_
#define ORRERY_TESTS_CORE_STORAGE_EVERY_LOSS_H_

#include <cstddef>
#include <vector>

#include "core/base/prng.h"
#include "tests/core/storage/memory_disk.h"

namespace orrery {

template <typename Look>
void ForEveryLoss(const MemoryDisk& disk, size_t samples, Prng& prng,
                  const Look& look) {
  constexpr size_t kPiecesOfAll = 4;
  MemoryDisk dead = disk.Fork();
  look(dead, /*power_lost=*/false);
  const size_t pieces = disk.UnsyncedPieces();
  const bool is_all = pieces <= kPiecesOfAll;
  const size_t losses = is_all ? size_t{1} << pieces : samples + 2;
  for (size_t loss = 0; loss < losses; ++loss) {
    std::vector<bool> kept(pieces, loss == 1);
    for (size_t piece = 0; piece < pieces; ++piece) {
      if (is_all) {
        kept[piece] = (loss >> piece & 1) != 0;
      } else if (loss > 1) {
        kept[piece] = prng.Chance(1, 2);
      }
    }
    MemoryDisk after = disk.Fork();
    after.LosePowerBut([&kept](size_t piece) { return kept[piece]; });
    look(after, /*power_lost=*/true);
  }
}

}  // namespace orrery

#endif  // ORRERY_TESTS_CORE_STORAGE_EVERY_LOSS_H_
