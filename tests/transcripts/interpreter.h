// tests/transcripts/interpreter.h
//
// An Interpreter plays one room: it performs a command and says what came of
// it.  The same commands give the same lines, byte for byte, on every
// compiler.

#ifndef ORRERY_TESTS_TRANSCRIPTS_INTERPRETER_H_
#define ORRERY_TESTS_TRANSCRIPTS_INTERPRETER_H_

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/transcripts/command.h"
#include "tests/transcripts/transcript.h"

namespace orrery::transcripts {

class Interpreter {
 public:
  virtual ~Interpreter() = default;

  // Lines are not empty.  A command that is wrong changes nothing and leaves
  // its error in `command`.
  virtual Lines Run(Command& command) = 0;
};

// One command of an interpreter.
template <typename Room>
struct Verb {
  std::string_view name;
  Lines (Room::*run)(Command& command);
};

template <typename Room>
Lines RunVerb(Room& room, std::span<const Verb<Room>> verbs, Command& command) {
  std::vector<std::string> names;
  for (const Verb<Room>& verb : verbs) {
    if (verb.name == command.name()) return (room.*verb.run)(command);
    names.emplace_back(verb.name);
  }
  command.Fail("unknown command `" + command.name() + "`; this room knows " +
               Enumerated(names));
  return {};
}

// Makes the room that a heading names.  Null: the heading's error says why.
using RoomMaker = std::function<std::unique_ptr<Interpreter>(Command&)>;

// Those of this folder.
std::unique_ptr<Interpreter> MakeRoom(Command& heading);

std::unique_ptr<Interpreter> MakeQuorumRoom(Command& heading);
std::unique_ptr<Interpreter> MakeMembershipRoom(Command& heading);
std::unique_ptr<Interpreter> MakeStorageRoom(Command& heading);

}  // namespace orrery::transcripts

#endif  // ORRERY_TESTS_TRANSCRIPTS_INTERPRETER_H_
