// node/printable.h
//
// Bytes as text for a terminal: printable ASCII as it is, anything else as \xNN
// and a backslash as \\, so that no key or name of a file moves the cursor, and
// what is printed can be given back to `--key`.

#ifndef ORRERY_NODE_PRINTABLE_H_
#define ORRERY_NODE_PRINTABLE_H_

#include <optional>
#include <string>
#include <string_view>

namespace orrery {

std::string Printable(std::string_view bytes);
// Nothing if a backslash begins neither \xNN nor \\.
std::optional<std::string> FromPrintable(std::string_view text);

}  // namespace orrery

#endif  // ORRERY_NODE_PRINTABLE_H_
