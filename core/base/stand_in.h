// core/base/stand_in.h
//
// Bytes that stand in for a value of which only length and CRC-32C were kept:
// zeros, and a last word that makes the checksum right.  A checksum over
// anything that contains the value comes out the same with its stand-in, so a
// replay computes every digest and every record's checksum as it was without
// ever having seen the value.
//
// Of up to four bytes a CRC-32C says all there is: there the stand-in is the
// value.
//
// Cost: one pass.

#ifndef ORRERY_CORE_BASE_STAND_IN_H_
#define ORRERY_CORE_BASE_STAND_IN_H_

#include <cstddef>
#include <cstdint>

#include "core/base/bytes.h"

namespace orrery {

// Fills `size` bytes at `to`.  False: no bytes of that length (less than four)
// have this checksum.
[[nodiscard]] bool FillStandIn(uint32_t crc, size_t size, std::byte* to);

}  // namespace orrery

#endif  // ORRERY_CORE_BASE_STAND_IN_H_
