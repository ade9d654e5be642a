#include "node/config.h"

#include <unistd.h>

#include <boost/json/parse.hpp>
#include <cstdio>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "node/config_file.h"

namespace orrery {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class ConfigTest : public ::testing::Test {
 protected:
  ConfigTest() { inputs_.hostname = "host"; }

  // Writes the file that --config names.
  void File(const std::string& json) {
    // One for each process: CTest runs these tests side by side.
    path_ = ::testing::TempDir() + "/orrery_config_test." +
            std::to_string(getpid()) + ".json";
    std::ofstream(path_) << json;
    inputs_.flags["config"] = path_;
  }
  ~ConfigTest() override {
    if (!path_.empty()) std::remove(path_.c_str());
  }

  ConfigInputs inputs_;
  std::string path_;
};

TEST_F(ConfigTest, DefaultsAreTheContracts) {
  const LoadedConfig loaded = LoadConfig(inputs_);

  ASSERT_THAT(loaded.errors, IsEmpty());
  EXPECT_THAT(loaded.warnings, IsEmpty());
  const NodeConfig& config = loaded.config;
  EXPECT_EQ(config.node_id, "host");
  EXPECT_EQ(config.address, "127.0.0.1");
  EXPECT_EQ(config.port, 8080);
  EXPECT_EQ(config.gossip_port, 7946);
  EXPECT_EQ(config.data_dir, "./data");
  EXPECT_THAT(config.seed_nodes, IsEmpty());
  EXPECT_EQ(config.replication_factor, 3u);
  EXPECT_EQ(config.read_quorum, 2u);
  EXPECT_EQ(config.write_quorum, 2u);
  EXPECT_EQ(config.virtual_nodes, 150u);
  EXPECT_EQ(config.max_file_size, 104857600u);
  EXPECT_FALSE(config.sync_writes);
  EXPECT_EQ(config.sync_interval, kSecond);
  EXPECT_EQ(config.compact_interval, 300 * kSecond);
  EXPECT_EQ(config.gossip_interval, kSecond);
  EXPECT_EQ(config.suspect_timeout, 5 * kSecond);
  EXPECT_EQ(config.dead_timeout, 30 * kSecond);
  EXPECT_EQ(config.request_timeout, 5 * kSecond);
  EXPECT_EQ(config.handoff_timeout, 24 * kHour);
  EXPECT_TRUE(config.auto_join);
}

TEST_F(ConfigTest, FlagBeatsEnvironmentBeatsFileBeatsDefault) {
  File(R"({"port": 1, "gossip_port": 2, "virtual_nodes": 3})");
  inputs_.environment = {"DYNAMO_PORT=11", "DYNAMO_GOSSIP_PORT=12", "PATH=x"};
  inputs_.flags["port"] = "21";

  const LoadedConfig loaded = LoadConfig(inputs_);

  ASSERT_THAT(loaded.errors, IsEmpty());
  EXPECT_EQ(loaded.config.port, 21);
  EXPECT_EQ(loaded.config.gossip_port, 12);
  EXPECT_EQ(loaded.config.virtual_nodes, 3u);
  EXPECT_EQ(loaded.config.replication_factor, 3u);
}

TEST_F(ConfigTest, PrintsEveryValueAndItsSource) {
  File(R"({"virtual_nodes": 3, "seed_nodes": ["a:1"]})");
  inputs_.environment = {"DYNAMO_SYNC_WRITES=true"};
  inputs_.flags["port"] = "21";

  const boost::json::value printed =
      boost::json::parse(LoadConfig(inputs_).printed);

  EXPECT_EQ(printed.as_object().size(), 20u);
  EXPECT_EQ(printed.at("port").at("value"), 21);
  EXPECT_EQ(printed.at("port").at("source"), "flag --port");
  EXPECT_EQ(printed.at("sync_writes").at("value"), true);
  EXPECT_EQ(printed.at("sync_writes").at("source"), "env DYNAMO_SYNC_WRITES");
  EXPECT_EQ(printed.at("virtual_nodes").at("source"),
            ("file " + path_).c_str());
  EXPECT_EQ(printed.at("seed_nodes").at("value").at(0), "a:1");
  EXPECT_EQ(printed.at("compact_interval").at("value"), 300);
  EXPECT_EQ(printed.at("gossip_interval").at("value"), "1s");
  EXPECT_EQ(printed.at("node_id").at("source"), "default");
}

TEST_F(ConfigTest, ReportsAllErrorsAtOnceWithKeyAndSource) {
  File(R"({"port": 0, "virtual_nodes": "many", "nonsense": 1,
           "sync_interval": "0s", "data_dir": ""})");
  inputs_.environment = {"DYNAMO_READ_QUORUM=100", "DYNAMO_BOGUS=1",
                         "DYNAMO_ADDRESS=localhost", "DYNAMO_AUTO_JOIN="};
  inputs_.flags["gossip_port"] = "65536";

  const std::vector<std::string> errors = LoadConfig(inputs_).errors;

  EXPECT_THAT(
      errors,
      UnorderedElementsAre(
          HasSubstr("nonsense (file"), HasSubstr("DYNAMO_BOGUS (environment)"),
          AllOf(HasSubstr("port (file"), HasSubstr("from 1 to 65535")),
          HasSubstr("virtual_nodes (file"), HasSubstr("sync_interval (file"),
          AllOf(HasSubstr("data_dir (file"), HasSubstr("is empty")),
          HasSubstr("read_quorum (env DYNAMO_READ_QUORUM)"),
          HasSubstr("address (env DYNAMO_ADDRESS)"),
          AllOf(HasSubstr("auto_join (env DYNAMO_AUTO_JOIN)"),
                HasSubstr("is empty")),
          HasSubstr("gossip_port (flag --gossip-port)")));
}

TEST_F(ConfigTest, AnAddressThatNobodyCanReachIsRefused) {
  for (const char* address : {"0.0.0.0", "::", "::0", "::ffff:0.0.0.0"}) {
    inputs_.flags["address"] = address;
    EXPECT_THAT(LoadConfig(inputs_).errors,
                ElementsAre(AllOf(HasSubstr("address (flag --address)"),
                                  HasSubstr("the one address"))))
        << address;
  }
  inputs_.flags["address"] = "::1";
  EXPECT_THAT(LoadConfig(inputs_).errors, IsEmpty());
}

TEST_F(ConfigTest, SmallFilesAreTooSmall) {
  inputs_.environment = {"DYNAMO_MAX_FILE_SIZE=8191"};
  EXPECT_THAT(LoadConfig(inputs_).errors,
              ElementsAre(HasSubstr("max_file_size (env")));
  inputs_.environment = {"DYNAMO_MAX_FILE_SIZE=8192"};
  EXPECT_THAT(LoadConfig(inputs_).errors, IsEmpty());
}

TEST_F(ConfigTest, ConflictsNameBothSides) {
  inputs_.flags = {
      {"read_quorum", "4"}, {"write_quorum", "5"}, {"port", "7946"}};
  inputs_.environment = {"DYNAMO_DEAD_TIMEOUT=5s"};

  EXPECT_THAT(
      LoadConfig(inputs_).errors,
      UnorderedElementsAre(
          AllOf(HasSubstr("read_quorum (flag --read-quorum)"),
                HasSubstr("replication_factor (default)")),
          HasSubstr("write_quorum (flag --write-quorum)"),
          AllOf(HasSubstr("port (flag --port)"), HasSubstr("gossip_port")),
          AllOf(HasSubstr("dead_timeout (env DYNAMO_DEAD_TIMEOUT)"),
                HasSubstr("suspect_timeout (default)"))));
}

TEST_F(ConfigTest, WeakQuorumsAreAWarning) {
  inputs_.flags = {{"read_quorum", "1"}, {"write_quorum", "2"}};

  const LoadedConfig loaded = LoadConfig(inputs_);

  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_THAT(loaded.warnings, ElementsAre(HasSubstr("1 + 2 <= 3")));
}

TEST_F(ConfigTest, MembersGivenTwiceAreErrors) {
  File(R"({"port": 1, "port": 1})");

  EXPECT_THAT(LoadConfig(inputs_).errors, ElementsAre(HasSubstr("port (file")));
}

TEST_F(ConfigTest, TheFileMustBeReadableAndAnObject) {
  inputs_.flags["config"] = "/nonexistent/file.json";
  EXPECT_THAT(LoadConfig(inputs_).errors,
              ElementsAre(HasSubstr("config (flag --config)")));
  inputs_.flags.clear();
  inputs_.environment = {"DYNAMO_CONFIG=/nonexistent/file.json"};
  EXPECT_THAT(LoadConfig(inputs_).errors,
              ElementsAre(HasSubstr("config (env DYNAMO_CONFIG)")));
  inputs_.environment = {"DYNAMO_CONFIG="};
  EXPECT_THAT(LoadConfig(inputs_).errors, ElementsAre(HasSubstr("is empty")));
  inputs_.environment.clear();
  File("[1]");
  EXPECT_THAT(LoadConfig(inputs_).errors,
              ElementsAre(HasSubstr("not a JSON object")));
  File("{");
  EXPECT_THAT(LoadConfig(inputs_).errors,
              ElementsAre(HasSubstr("not valid JSON")));
}

TEST_F(ConfigTest, ValuesOfTheWrongTypeAreErrors) {
  File(R"({"port": "1", "auto_join": "true", "seed_nodes": "a:1",
           "node_id": 5, "virtual_nodes": 1.5, "gossip_port": null,
           "data_dir": {"value": "x"}, "suspect_timeout": [1]})");

  EXPECT_THAT(LoadConfig(inputs_).errors, SizeIs(8));
}

TEST_F(ConfigTest, NestedValuesDoNotLeakOut) {
  File(R"({"seed_nodes": ["a:1", {"port": 5}]})");

  EXPECT_THAT(LoadConfig(inputs_).errors,
              ElementsAre(HasSubstr("seed_nodes (file")));
}

TEST_F(ConfigTest, TheNameOfANodeIsPrintable) {
  inputs_.flags["node_id"] = "a\nb";
  EXPECT_THAT(LoadConfig(inputs_).errors,
              Contains(HasSubstr("node_id (flag --node-id)")));
  inputs_.flags["node_id"] = std::string(129, 'a');
  EXPECT_THAT(LoadConfig(inputs_).errors, SizeIs(1));
  inputs_.flags["node_id"] = "n\xc3\xb6";
  EXPECT_THAT(LoadConfig(inputs_).errors, IsEmpty());
}

}  // namespace
}  // namespace orrery
