// Walks the tree and fails on whatever breaks a rule of the house.  Each rule
// first proves on a planted text that it can fail.

#include "tests/support/house_rules.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace orrery::house {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

auto Says(const std::string& text) {
  return Field(&Finding::message, HasSubstr(text));
}

// The nearest folder upwards that holds the repository.
fs::path Root() {
  fs::path at = fs::current_path();
  while (!fs::exists(at / "CMakePresets.json") && at.has_relative_path()) {
    at = at.parent_path();
  }
  return at;
}

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<Source> Sources() {
  std::vector<Source> sources;
  for (const char* top :
       {"core", "transport", "sim", "node", "tests", "fuzz", "bench"}) {
    if (!fs::exists(Root() / top)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(Root() / top)) {
      const std::string extension = entry.path().extension();
      if (extension != ".h" && extension != ".cc") continue;
      sources.push_back({fs::relative(entry.path(), Root()).generic_string(),
                         ReadFile(entry.path())});
    }
  }
  std::sort(sources.begin(), sources.end(),
            [](const Source& a, const Source& b) { return a.path < b.path; });
  return sources;
}

std::string Print(const Findings& findings) {
  std::ostringstream out;
  for (const Finding& f : findings) {
    out << f.path << ":" << f.line << ": " << f.message << "\n";
  }
  return out.str();
}

using Rule = Findings (*)(const Source&);

Findings OfTheTree(Rule rule) {
  Findings all;
  for (const Source& source : Sources()) {
    const Findings some = rule(source);
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

TEST(HouseRulesTest, TheTreeIsFound) {
  EXPECT_THAT(Sources(), SizeIs(::testing::Gt(20U)));
}

TEST(HouseRulesTest, IncludesPointInward) {
  EXPECT_EQ(Print(OfTheTree(CheckIncludeDirections)), "");
}

TEST(HouseRulesTest, TheCoreUsesNoBannedWord) {
  EXPECT_EQ(Print(OfTheTree(CheckBannedWords)), "");
}

TEST(HouseRulesTest, NoPointerIsAKey) {
  EXPECT_EQ(Print(OfTheTree(CheckPointerKeys)), "");
}

TEST(HouseRulesTest, HeaderGuardsAreNamedByPath) {
  EXPECT_EQ(Print(OfTheTree(CheckHeaderGuard)), "");
}

TEST(HouseRulesTest, FilesAreNamedForTheNounTheyHold) {
  EXPECT_EQ(Print(OfTheTree(CheckFileName)), "");
}

TEST(HouseRulesTest, AStatementDrawsOnce) {
  EXPECT_EQ(Print(OfTheTree(CheckOneDrawPerStatement)), "");
}

TEST(HouseRulesTest, NoLooseEndsAreLeft) {
  Findings findings;
  for (const Source& source : Sources()) {
    if (source.path.find("house_rules") != std::string::npos) continue;
    const Findings some = CheckNoLooseEnds(source);
    findings.insert(findings.end(), some.begin(), some.end());
  }
  EXPECT_EQ(Print(findings), "");
}

// A file that no target names is compiled by nobody and rots.
TEST(HouseRulesTest, EverySourceIsNamedByABuildFile) {
  std::vector<std::string> forgotten;
  for (const Source& source : Sources()) {
    if (!source.path.ends_with(".cc")) continue;
    const fs::path path = Root() / source.path;
    bool named = false;
    for (fs::path at = path.parent_path(); !named; at = at.parent_path()) {
      const std::string build = ReadFile(at / "CMakeLists.txt");
      const std::string name = fs::relative(path, at).generic_string();
      // fuzz/ and bench/ may name a harness without its ending.
      named = build.find(name) != std::string::npos ||
              build.find(name.substr(0, name.size() - 3)) != std::string::npos;
      if (at == Root()) break;
    }
    if (!named) forgotten.push_back(source.path);
  }
  EXPECT_THAT(forgotten, IsEmpty());
}

TEST(HouseRulesSelfTest, CommentsAndStringsAreNotCode) {
  EXPECT_THAT(CheckBannedWords({"core/ring/ring.cc",
                                "// float\n/* double\n */ int doubled = 1'000;"
                                "const char* s = \"throw \\\" try\";\n"
                                "char c = '\"'; int catchment;\n"
                                "auto r = R\"x(float)x\";"}),
              IsEmpty());
}

TEST(HouseRulesSelfTest, APointerAsAKeyIsFoundWhereverItStands) {
  for (const char* text :
       {"std::map<Node*, int> a;", "absl::btree_set<const Node *> b;",
        "std::set<sim::Node* const> c;"}) {
    EXPECT_THAT(CheckPointerKeys({"core/ring/ring.h", text}), SizeIs(1))
        << text;
  }
  EXPECT_THAT(CheckPointerKeys({"core/ring/ring.h",
                                "std::map<NodeId, Node*> a;  // map<Node*>\n"
                                "bool b = set < c * d;"}),
              IsEmpty());
}

TEST(HouseRulesSelfTest, ASortThatMayLeaveTiesIsFound) {
  EXPECT_THAT(CheckBannedWords({"sim/world.cc", "std::sort(a, b);"}),
              SizeIs(1));
  EXPECT_THAT(CheckBannedWords({"sim/world.cc", "Sort(a, b); IsSorted(c);"}),
              IsEmpty());
}

TEST(HouseRulesSelfTest, ABannedWordIsFoundWithItsReplacement) {
  const Findings findings = CheckBannedWords(
      {"core/ring/ring.cc", "int a;\nfloat b;\nstd::function<void()> c;\n"});

  ASSERT_THAT(findings, SizeIs(2));
  EXPECT_EQ(findings[0].line, 2U);
  EXPECT_THAT(findings[1], Says("template parameter"));
}

TEST(HouseRulesSelfTest, QualifiedWordsAreFoundToo) {
  EXPECT_THAT(
      CheckBannedWords({"sim/world.cc", "std::chrono::steady_clock::now();"}),
      ElementsAre(Says("Stamp")));
}

TEST(HouseRulesSelfTest, TheHostAndTheNodeMayUseThem) {
  EXPECT_THAT(CheckBannedWords({"sim/host/campaign.cc", "double rate;"}),
              IsEmpty());
  EXPECT_THAT(CheckBannedWords({"node/main.cc", "double rate;"}), IsEmpty());
}

TEST(HouseRulesSelfTest, ARoomMayNotIncludeTheEngineOrThePorts) {
  EXPECT_THAT(
      CheckIncludeDirections({"core/hint/hint_log.cc",
                              "#include \"core/engine/engine.h\"\n"
                              "#include \"core/ports/disk.h\"\n"
                              "#include \"core/storage/store.h\"\n"}),
      ElementsAre(Says("core/engine/engine.h"), Says("core/ports/disk.h")));
}

TEST(HouseRulesSelfTest, BaseKnowsNobodyAndProtocolOnlyBase) {
  EXPECT_THAT(CheckIncludeDirections(
                  {"core/base/time.h", "#include \"core/protocol/event.h\"\n"}),
              SizeIs(1));
  EXPECT_THAT(CheckIncludeDirections(
                  {"core/protocol/event.h", "#include \"core/ring/ring.h\"\n"}),
              SizeIs(1));
}

TEST(HouseRulesSelfTest, TransportAndSimulationNeverMeet) {
  EXPECT_THAT(CheckIncludeDirections({"transport/peer/peer_link.cc",
                                      "#include \"sim/network.h\"\n"}),
              SizeIs(1));
  EXPECT_THAT(
      CheckIncludeDirections({"sim/network.cc",
                              "#include \"transport/peer/peer_link.h\"\n"
                              "#include \"transport/wire/codec.h\"\n"}),
      SizeIs(1));
}

TEST(HouseRulesSelfTest, TheWorldMayNotIncludeItsHost) {
  EXPECT_THAT(CheckIncludeDirections(
                  {"sim/world.cc", "#include \"sim/host/campaign.h\"\n"}),
              SizeIs(1));
}

TEST(HouseRulesSelfTest, NobodyIncludesTests) {
  EXPECT_THAT(CheckIncludeDirections(
                  {"node/main.cc", "#include \"tests/support/x.h\"\n"}),
              SizeIs(1));
}

TEST(HouseRulesSelfTest, TheCoreIncludesNoClockThreadOrHashTable) {
  EXPECT_THAT(CheckIncludeDirections(
                  {"core/ring/ring.cc",
                   "#include <chrono>\n#include <unordered_map>\n"
                   "#include \"absl/container/flat_hash_map.h\"\n"
                   "#include <boost/asio.hpp>\n#include <vector>\n"}),
              SizeIs(4));
}

TEST(HouseRulesSelfTest, AnIncludeThatIsNotRootedIsFound) {
  EXPECT_THAT(
      CheckIncludeDirections({"core/ring/ring.cc", "#include \"ring.h\"\n"}),
      ElementsAre(Says("rooted")));
}

TEST(HouseRulesSelfTest, AForeignHeaderGuardIsFound) {
  EXPECT_THAT(CheckHeaderGuard({"core/ring/ring.h",
                                "#ifndef RING_H\n#define RING_H\n#endif\n"}),
              ElementsAre(Says("ORRERY_CORE_RING_RING_H_")));
  EXPECT_THAT(CheckHeaderGuard({"core/ring/ring.h",
                                "#ifndef ORRERY_CORE_RING_RING_H_\n"
                                "#define ORRERY_CORE_RING_RING_H_\n"
                                "#endif  // ORRERY_CORE_RING_RING_H_\n"}),
              IsEmpty());
}

TEST(HouseRulesSelfTest, AVagueFileNameIsFound) {
  for (const char* name :
       {"core/ring/ring_utils.cc", "node/manager.h", "core/common/bytes.h",
        "sim/misc.cc", "core/ring/test_helpers.h"}) {
    EXPECT_THAT(CheckFileName({name, ""}), SizeIs(1)) << name;
  }
  EXPECT_THAT(CheckFileName({"core/ring/preference_list.h", ""}), IsEmpty());
  EXPECT_THAT(CheckFileName({"core/ring/PreferenceList.h", ""}), SizeIs(1));
}

TEST(HouseRulesSelfTest, TwoDrawsInOneStatementAreFound) {
  EXPECT_THAT(CheckOneDrawPerStatement(
                  {"sim/swarm.cc", "f(prng.Below(3), prng_.Below(5));"}),
              ElementsAre(Says("two draws")));
  EXPECT_THAT(CheckOneDrawPerStatement(
                  {"sim/swarm.cc", "x = prng.Next() ^ prng->Next();"}),
              SizeIs(1));
}

TEST(HouseRulesSelfTest, OneDrawPerStatementIsFine) {
  EXPECT_THAT(CheckOneDrawPerStatement(
                  {"sim/swarm.cc",
                   "a = prng.Below(3); b = prng.Below(5);\n"
                   "if (prng.Chance(1, (2))) c = prng.Below(7);\n"
                   "for (int i = 0; i < n; ++i) d += prng.Below(2);\n"
                   "// prng.Below(1), prng.Below(2)\n"}),
              IsEmpty());
}

TEST(HouseRulesSelfTest, ALooseEndIsFound) {
  EXPECT_THAT(CheckNoLooseEnds({"core/ring/ring.cc", "int a;\n// TODO: b\n"}),
              ElementsAre(Says("TODO")));
}

}  // namespace
}  // namespace orrery::house
