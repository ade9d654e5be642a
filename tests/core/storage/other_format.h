// What a program of another format might have written: a header block with
// another major number, or a feature that this one does not know, and a
// checksum that holds.

#ifndef ORRERY_TESTS_CORE_STORAGE_OTHER_FORMAT_H_
#define ORRERY_TESTS_CORE_STORAGE_OTHER_FORMAT_H_

#include <string>
#include <string_view>

namespace orrery {

enum class OtherFormat {
  kMajor2,
  kUnknownFeature,
  // Readers pass over it: another minor number, a compatible feature, and
  // something where zeros were.
  kGrown,
};

// Those that are refused.
inline constexpr OtherFormat kOtherFormats[] = {OtherFormat::kMajor2,
                                                OtherFormat::kUnknownFeature};

// The header block at `offset` of `file` changed so.
std::string WithFormat(std::string file, OtherFormat format, size_t offset = 0);

// How a refusal names that format, and this program's.
std::string_view NameOf(OtherFormat format);
inline constexpr std::string_view kOurFormatName =
    "this program, of format 1.0 with 0x00000000";

}  // namespace orrery

#endif  // ORRERY_TESTS_CORE_STORAGE_OTHER_FORMAT_H_
