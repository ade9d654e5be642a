#include "tests/transcripts/interpreter.h"

namespace orrery::transcripts {

std::unique_ptr<Interpreter> MakeRoom(Command& heading) {
  struct Room {
    std::string_view name;
    std::unique_ptr<Interpreter> (*make)(Command& heading);
  };
  constexpr Room kRooms[] = {{"membership", MakeMembershipRoom},
                             {"quorum", MakeQuorumRoom},
                             {"storage", MakeStorageRoom}};
  const std::string name = heading.Word("room");
  std::vector<std::string> names;
  for (const Room& room : kRooms) {
    if (room.name == name) return room.make(heading);
    names.emplace_back(room.name);
  }
  heading.Fail("unknown room `" + name + "`; there are " + Enumerated(names));
  return nullptr;
}

}  // namespace orrery::transcripts
