// transport/clock/machine.h
//
// What a process start reads from the machine it runs on.

#ifndef ORRERY_TRANSPORT_CLOCK_MACHINE_H_
#define ORRERY_TRANSPORT_CLOCK_MACHINE_H_

#include <array>
#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/base/ids.h"

namespace orrery {

// Changes when the machine reboots.  Errors: the file is missing or no UUID.
absl::StatusOr<Id128> ReadBootId();

// "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", a newline allowed at its end.
absl::StatusOr<Id128> ParseBootId(std::string_view text);

// From the kernel's generator; waits for it to be seeded.
absl::StatusOr<std::array<uint8_t, 32>> ReadEntropy();

}  // namespace orrery

#endif  // ORRERY_TRANSPORT_CLOCK_MACHINE_H_
