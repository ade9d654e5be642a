#include "core/ring/quorum_size.h"

#include <algorithm>

#include "core/base/invariant.h"

namespace orrery {

uint32_t RequiredOf(const Level& level, uint32_t configured,
                    uint32_t set_size) {
  switch (level.kind) {
    case Level::Kind::kConfigured:
      ORRERY_INVARIANT(configured >= 1);
      return std::min(configured, set_size);
    case Level::Kind::kOne:
      return std::min(1u, set_size);
    case Level::Kind::kQuorum:
      return set_size == 0 ? 0 : set_size / 2 + 1;
    case Level::Kind::kAll:
      return set_size;
    case Level::Kind::kNumber:
      ORRERY_INVARIANT(level.number >= 1);
      return std::min(level.number, set_size);
  }
  ORRERY_UNREACHABLE("level");
}

}  // namespace orrery
