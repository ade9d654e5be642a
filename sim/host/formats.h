// sim/host/formats.h
//
// A Recording in the formats that other tools read.
//
//   jsonl   one JSON object a line, for jq and scripts: the run; events of the
//           nodes and steps of the scenario in order of time; then lost
//           messages, client operations, violations, each in an order of
//           their own
//   chrome  trace events, for chrome://tracing and ui.perfetto.dev: a process a
//           node, messages as flows, client operations as spans
//   shiviz  a log with vector clocks, for ShiViz; its parser's expression is
//           (?<host>\S*) (?<clock>{.*})\n(?<event>.*)
//   edn     the client operations as a history of registers, one a key, for
//           Knossos and Elle: values are [key value], a delete writes nil
//
// Of edn: clients here have several operations open at a time, and a process of
// a history has one, so processes are numbered anew.  One whose operation has
// an unknown outcome ends with it, as the format wants.
//
// A window cuts all but the violations.  An operation is in it if it began in
// it, in chrome also if it was open.  The clocks of shiviz count from its
// beginning.
//
// Cost: memory of several times the text.

#ifndef ORRERY_SIM_HOST_FORMATS_H_
#define ORRERY_SIM_HOST_FORMATS_H_

#include <string>
#include <string_view>

#include "sim/host/page.h"
#include "sim/host/recording.h"

namespace orrery::sim {

struct ShowFormat {
  std::string_view name;
  std::string_view ending;  // Of the file.
  std::string (*print)(const Recording&, const Window&);
};

// Null: there is none of that name.
const ShowFormat* ShowFormatOf(std::string_view name);
// "html, jsonl, ..."
std::string ShowFormatNames();

std::string JsonLines(const Recording& recording, const Window& window);
std::string ChromeTrace(const Recording& recording, const Window& window);
std::string ShivizLog(const Recording& recording, const Window& window);
std::string EdnHistory(const Recording& recording, const Window& window);

}  // namespace orrery::sim

#endif  // ORRERY_SIM_HOST_FORMATS_H_
