#include "sim/sim_network.h"

#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "gmock/gmock.h"

namespace orrery::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Two nodes; what arrives at n1, by the number each message carries.
class SimNetworkTest : public ::testing::Test {
 protected:
  SimNetworkTest() {
    network_.OnProcessUp(0, 1);
    network_.OnProcessUp(1, 1);
  }

  void Send(uint32_t number) {
    PeerMessage message;
    message.envelope.reply_to = EndpointOfNode(0);
    message.body = RingPull{.epoch = {1, number}};
    network_.Send(0, EndpointOfNode(1), message);
  }
  void SendDatagram(uint32_t number) {
    Datagram datagram;
    datagram.header.seq = number;
    datagram.body = GossipOnly{};
    network_.SendDatagram(0, EndpointOfNode(1), datagram);
  }

  // Runs until `until`; returns what arrived.
  std::vector<uint32_t> Arrivals(Duration until) {
    std::vector<uint32_t> numbers;
    while (!queue_.empty() && queue_.next_time() <= Instant{until.ns}) {
      const Occasion occasion = queue_.Pop();
      if (occasion.what == Happening::kLinkNotice) {
        notices_.push_back(occasion.payload % 2 == 1);
        continue;
      }
      std::optional<SimNetwork::Arrival> arrival = network_.On(occasion);
      if (!arrival.has_value()) continue;
      EXPECT_EQ(arrival->node, 1u);
      if (auto* peer = std::get_if<PeerMessageEvent>(&arrival->event)) {
        numbers.push_back(std::get<RingPull>(peer->message.body).epoch.seq);
      } else {
        numbers.push_back(
            std::get<DatagramEvent>(arrival->event).datagram.header.seq);
      }
    }
    queue_.AdvanceTo(Instant{until.ns});
    return numbers;
  }

  Noise noise_;
  EventQueue queue_;
  Tally tally_;
  SimNetwork network_{
      {.seed = 1, .nodes = 2, .codec_check_every = 1}, noise_, queue_, tally_};
  std::vector<bool> notices_;  // Link up, link lost.
};

TEST_F(SimNetworkTest, MessagesOfOneConnectionArriveInOrder) {  // NET-1
  noise_.tcp_late = {1, 2};
  std::vector<uint32_t> sent;
  for (uint32_t i = 1; i <= 50; ++i) {
    Send(i);
    sent.push_back(i);
  }

  EXPECT_EQ(Arrivals(120 * kSecond), sent);
  EXPECT_THAT(notices_, ElementsAre(true));
}

TEST_F(SimNetworkTest, ACutHoldsTcpDataUntilItHeals) {
  Send(1);
  Arrivals(kSecond);
  network_.Cut(0, 1);
  Send(2);
  EXPECT_THAT(Arrivals(2 * kSecond), IsEmpty());

  network_.Heal(0, 1);

  EXPECT_THAT(Arrivals(3 * kSecond), ElementsAre(2));
}

TEST_F(SimNetworkTest, ASenderGivesUpALongCutAndRedialsAfterIt) {
  Send(1);
  Arrivals(kSecond);
  network_.Cut(0, 1);
  Send(2);
  EXPECT_THAT(Arrivals(20 * kSecond), IsEmpty());
  EXPECT_THAT(notices_, ElementsAre(true, false));

  network_.Heal(0, 1);
  Arrivals(40 * kSecond);

  EXPECT_THAT(notices_, ElementsAre(true, false, true));
}

TEST_F(SimNetworkTest, ACutOfTheWayBackDeliversAndThenResets) {
  Send(1);
  Arrivals(kSecond);
  network_.Cut(1, 0);

  Send(2);

  EXPECT_THAT(Arrivals(20 * kSecond), ElementsAre(2));
  EXPECT_THAT(notices_, ElementsAre(true, false));
}

TEST_F(SimNetworkTest, AHalfOpenConnectionSwallowsWhatIsSent) {
  Send(1);
  Arrivals(kSecond);
  network_.HalfOpen(0, 1);

  Send(2);

  EXPECT_THAT(Arrivals(4 * kSecond), IsEmpty());
  EXPECT_THAT(notices_, ElementsAre(true));
  Arrivals(20 * kSecond);
  EXPECT_THAT(notices_, ElementsAre(true, false, true));
}

TEST_F(SimNetworkTest, ALaterProcessGetsNothingSentToTheEarlier) {  // NET-2
  Send(1);
  Arrivals(kSecond);
  Send(2);
  network_.OnProcessDown(1, false);
  network_.OnProcessUp(1, 2);

  EXPECT_THAT(Arrivals(20 * kSecond), IsEmpty());
}

TEST_F(SimNetworkTest, AfterAPowerLossTheSenderLearnsNothingForAWhile) {
  Send(1);
  Arrivals(kSecond);
  network_.OnProcessDown(1, true);

  Send(2);

  Arrivals(4 * kSecond);
  EXPECT_THAT(notices_, ElementsAre(true));
  Arrivals(20 * kSecond);
  EXPECT_THAT(notices_, ElementsAre(true, false));
}

TEST_F(SimNetworkTest, HeldMessagesArriveAfterTheRelease) {
  Send(1);
  Arrivals(kSecond);
  network_.Hold(0, 1);
  Send(2);
  SendDatagram(3);
  EXPECT_THAT(Arrivals(2 * kSecond), IsEmpty());

  network_.Release(0, 1);

  EXPECT_THAT(Arrivals(3 * kSecond), ::testing::UnorderedElementsAre(2, 3));
}

TEST_F(SimNetworkTest, DatagramsAreLostDoubledAndCut) {
  noise_.udp_loss = {1, 1};
  SendDatagram(1);
  EXPECT_THAT(Arrivals(kSecond), IsEmpty());
  noise_.udp_loss = {0, 1};
  noise_.udp_dup = {1, 1};
  SendDatagram(2);
  EXPECT_THAT(Arrivals(10 * kSecond), ElementsAre(2, 2));
  network_.Cut(0, 1);
  SendDatagram(3);
  EXPECT_THAT(Arrivals(20 * kSecond), IsEmpty());
}

TEST_F(SimNetworkTest, AnUnknownAddressSwallowsMessages) {
  Endpoint nowhere = EndpointOfNode(9);

  network_.Send(0, nowhere, PeerMessage{.envelope = {}, .body = RingPull{}});

  EXPECT_THAT(Arrivals(kSecond), IsEmpty());
  EXPECT_EQ(NodeOfEndpoint(EndpointOfNode(5)), std::optional<uint32_t>(5));
  EXPECT_EQ(NodeOfEndpoint(Endpoint{}), std::nullopt);
}

}  // namespace
}  // namespace orrery::sim
