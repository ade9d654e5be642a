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

// Nothing is sent meanwhile: keepalive.
TEST_F(SimNetworkTest, AnIdleConnectionThatIsBrokenIsNoticed) {
  const auto notices_after = [this](auto break_it) {
    notices_.clear();
    Send(1);
    Arrivals(queue_.now() - Instant{0} + 3 * kSecond);
    break_it();
    Arrivals(queue_.now() - Instant{0} + 4 * kSecond);
    EXPECT_EQ(std::ranges::count(notices_, false), 0);
    Arrivals(queue_.now() - Instant{0} + 2 * kSecond);
    return std::ranges::count(notices_, false);
  };

  EXPECT_EQ(notices_after([this] { network_.OnProcessDown(1, true); }), 1);
  network_.OnProcessUp(1, 2);
  Arrivals(queue_.now() - Instant{0} + 5 * kSecond);
  EXPECT_EQ(notices_after([this] { network_.HalfOpen(0, 1); }), 1);
  EXPECT_EQ(notices_after([this] { network_.Cut(1, 0); }), 1);
  network_.Heal(1, 0);
  Arrivals(queue_.now() - Instant{0} + 5 * kSecond);
  // The process ends where nobody hears of it, and another one begins.
  EXPECT_EQ(notices_after([this] {
              network_.Cut(1, 0);
              network_.OnProcessDown(1, false);
              network_.Heal(1, 0);
              network_.OnProcessUp(1, 3);
            }),
            1);
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

// As transport/peer has it: what is sent between two dials waits for the next,
// and is lost with it; the sender is told each time.
TEST_F(SimNetworkTest, WhatIsSentWithoutAConnectionWaitsForTheNextDial) {
  network_.OnProcessDown(1, false);
  Send(1);
  EXPECT_THAT(Arrivals(20 * kMillisecond), IsEmpty());
  EXPECT_THAT(notices_, ElementsAre(false));
  Send(2);
  Arrivals(kSecond);
  EXPECT_THAT(notices_, ElementsAre(false, false));
  Arrivals(2 * kSecond);
  EXPECT_THAT(notices_, ElementsAre(false, false));  // Nothing was lost.

  Send(3);
  network_.OnProcessUp(1, 2);

  EXPECT_THAT(Arrivals(4 * kSecond), ElementsAre(3));
  EXPECT_THAT(notices_, ElementsAre(false, false, true));
}

TEST_F(SimNetworkTest, AReaderThatDoesNotReadFillsTheQueueAndIsGivenUp) {
  noise_.tcp_queue = 3;
  Send(1);
  Arrivals(kSecond);
  network_.Choke(0, 1);
  for (uint32_t i = 2; i <= 6; ++i) Send(i);
  SendDatagram(7);
  EXPECT_THAT(Arrivals(2 * kSecond), ElementsAre(7));
  EXPECT_EQ(tally_.of("fault.queue_full"), 2u);

  network_.Release(0, 1);
  EXPECT_THAT(Arrivals(3 * kSecond), ElementsAre(2, 3, 4));

  network_.Choke(0, 1);
  Send(8);
  EXPECT_THAT(Arrivals(20 * kSecond), IsEmpty());
  EXPECT_EQ(notices_[1], false);
}

TEST_F(SimNetworkTest, FramesInPiecesAreTheSameMessages) {  // NET-6
  noise_.tcp_pieces = {1, 1};
  std::vector<uint32_t> sent;
  for (uint32_t i = 1; i <= 200; ++i) {
    Send(i);
    sent.push_back(i);
  }

  // A piece delays its own frame: however many are under way, all come soon.
  EXPECT_EQ(Arrivals(kSecond), sent);
  EXPECT_EQ(tally_.of("fault.tcp_pieces"), 200u);
}

TEST_F(SimNetworkTest, AConnectionThatEndsInsideAFrameTakesItAlong) {
  noise_.tcp_pieces = {1, 1};
  for (uint32_t round = 0; round < 200; ++round) {
    const Duration begin = (queue_.now() - Instant{0});
    Send(round * 2 + 1);
    Arrivals(begin + 5 * kMillisecond);
    network_.Reset(0, 1);
    Arrivals(begin + 4 * kSecond);
    Send(round * 2 + 2);  // On a new connection, from its preface on.
    EXPECT_THAT(Arrivals(begin + 8 * kSecond), ElementsAre(round * 2 + 2));
  }
  EXPECT_GT(tally_.of("mattered.tcp_pieces"), 0u);
}

TEST_F(SimNetworkTest, ADamagedDatagramDoesNotArrive) {  // NET-5
  noise_.udp_flip = {1, 1};
  for (uint32_t i = 1; i <= 200; ++i) SendDatagram(i);
  noise_.udp_flip = {0, 1};
  noise_.udp_cut = {1, 1};
  for (uint32_t i = 201; i <= 400; ++i) SendDatagram(i);

  EXPECT_THAT(Arrivals(20 * kSecond), IsEmpty());
  EXPECT_EQ(tally_.of("fault.udp_flip"), 200u);
  EXPECT_EQ(tally_.of("fault.udp_cut"), 200u);
}

TEST_F(SimNetworkTest, AnOldDatagramComesAgainEvenToALaterProcess) {
  noise_.udp_replay = {1, 1};
  SendDatagram(1);
  EXPECT_THAT(Arrivals(900 * kMillisecond), ElementsAre(1));
  network_.OnProcessDown(1, false);
  network_.OnProcessUp(1, 2);

  EXPECT_THAT(Arrivals(40 * kSecond), ElementsAre(1));
}

TEST_F(SimNetworkTest, ALateDatagramIsOvertakenAndALargeOneVanishes) {
  noise_.udp_tail = {1, 1};
  SendDatagram(1);
  noise_.udp_tail = {0, 1};
  SendDatagram(2);
  EXPECT_THAT(Arrivals(20 * kSecond), ElementsAre(2, 1));
  EXPECT_EQ(tally_.of("mattered.udp_overtaken"), 1u);
  noise_.udp_mtu = 32;
  SendDatagram(3);
  EXPECT_THAT(Arrivals(40 * kSecond), IsEmpty());
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
