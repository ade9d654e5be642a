#include "transport/peer/asio_network.h"

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "boost/asio/write.hpp"
#include "core/base/coding.h"
#include "core/base/crc32c.h"
#include "gmock/gmock.h"
#include "tests/transport/wire/random_message.h"
#include "transport/peer/endpoint_address.h"
#include "transport/peer/peer_listener.h"
#include "transport/wire/codec.h"
#include "transport/wire/frame.h"

namespace orrery {
namespace {

// A node's network and what it delivered.
struct Node {
  explicit Node(boost::asio::io_context& loop, uint16_t port = 0) {
    auto listening = AsioNetwork::Listen(
        loop, *ParseAddress("127.0.0.1", port),
        [this](EventBody event) { Note(std::move(event)); });
    if (!listening.ok()) {
      ADD_FAILURE() << listening.status();
      return;
    }
    network = *std::move(listening);
  }

  void Note(EventBody event) {
    if (auto* message = std::get_if<PeerMessageEvent>(&event)) {
      messages.push_back(std::move(message->message));
    } else if (auto* datagram = std::get_if<DatagramEvent>(&event)) {
      datagrams.push_back(std::move(*datagram));
    } else if (auto* link = std::get_if<PeerLinkEvent>(&event)) {
      links.push_back(*link);
    }
  }

  Endpoint endpoint() const { return network->local(); }
  bool SaidOfLinks(std::vector<bool> expected) const {
    std::vector<bool> said;
    for (const PeerLinkEvent& link : links) said.push_back(link.connected);
    return said == expected;
  }

  std::unique_ptr<AsioNetwork> network;
  std::vector<PeerMessage> messages;
  std::vector<DatagramEvent> datagrams;
  std::vector<PeerLinkEvent> links;
};

class AsioNetworkTest : public ::testing::Test {
 protected:
  // Runs the loop until the condition holds; false after ten seconds.
  bool RunUntil(const std::function<bool()>& condition) {
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      loop_.run_one_for(std::chrono::milliseconds(100));
      if (loop_.stopped()) loop_.restart();
    }
    return true;
  }

  static PeerMessage Pull(uint32_t seq) { return {{}, RingPull{{0, seq}}}; }

  boost::asio::io_context loop_;
};

TEST_F(AsioNetworkTest, MessagesArriveInOrderAndWhole) {
  Node a(loop_);
  Node b(loop_);
  std::vector<PeerMessage> sent;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    sent.push_back(RandomPeerMessage(seed, seed % kPeerBodies));
    a.network->Send(b.endpoint(), sent.back());
  }
  EXPECT_TRUE(a.links.empty());  // Nothing happens inside the call.

  ASSERT_TRUE(RunUntil([&] { return b.messages.size() == sent.size(); }));

  EXPECT_EQ(b.messages, sent);
  EXPECT_TRUE(a.SaidOfLinks({true}));
  EXPECT_EQ(a.links[0].peer, b.endpoint());
  EXPECT_TRUE(b.links.empty());  // The link is one-way.
  ASSERT_TRUE(RunUntil(
      [&] { return a.network->counters().frames_sent == sent.size(); }));
  EXPECT_EQ(b.network->counters().frames_received, sent.size());
}

TEST_F(AsioNetworkTest, ALargeMessageArrives) {
  Node a(loop_);
  Node b(loop_);
  const Dot dot{.actor = {.storage = 1}, .counter = 1};
  ReplicaPut put;
  put.key = "key";
  put.object.vv.entries.push_back(dot);
  Sibling& sibling = put.object.siblings.emplace_back();
  sibling.dot = dot;
  sibling.stamp = 1;
  sibling.value = Bytes::CopyOf(std::string(30 << 20, 'v'));

  a.network->Send(b.endpoint(), {{}, put});
  a.network->Send(b.endpoint(), Pull(1));

  ASSERT_TRUE(RunUntil([&] { return b.messages.size() == 2; }));
  EXPECT_EQ(b.messages[0], (PeerMessage{{}, put}));
}

TEST_F(AsioNetworkTest, AnswersComeOnTheOtherWaysLink) {
  Node a(loop_);
  Node b(loop_);

  a.network->Send(b.endpoint(), Pull(1));
  b.network->Send(a.endpoint(), Pull(2));

  ASSERT_TRUE(RunUntil(
      [&] { return a.messages.size() == 1 && b.messages.size() == 1; }));
  EXPECT_EQ(a.messages[0], Pull(2));
  EXPECT_EQ(b.messages[0], Pull(1));
}

TEST_F(AsioNetworkTest, ADeadPeerIsReportedAndDialledAgainWhenItIsBack) {
  Node a(loop_);
  auto b = std::make_unique<Node>(loop_);
  const Endpoint endpoint = b->endpoint();
  a.network->Send(endpoint, Pull(1));
  ASSERT_TRUE(RunUntil([&] { return b->messages.size() == 1; }));

  b.reset();
  ASSERT_TRUE(RunUntil([&] { return a.SaidOfLinks({true, false}); }));

  b = std::make_unique<Node>(loop_, endpoint.port);
  // By itself: the core sends nothing to a peer it knows to be cut off.
  ASSERT_TRUE(RunUntil([&] { return a.SaidOfLinks({true, false, true}); }));
  a.network->Send(endpoint, Pull(2));
  ASSERT_TRUE(RunUntil([&] { return b->messages.size() == 1; }));
  EXPECT_EQ(b->messages[0], Pull(2));
}

TEST_F(AsioNetworkTest, AFailedDialLosesWhatWasQueuedAndSaysSo) {
  Node a(loop_);
  Endpoint nobody;
  {
    Node gone(loop_);
    nobody = gone.endpoint();
  }

  a.network->Send(nobody, Pull(1));
  ASSERT_TRUE(RunUntil([&] { return a.SaidOfLinks({false}); }));
  EXPECT_EQ(a.network->counters().frames_dropped, 1u);

  // Silent redials are not reported; one that loses something is.
  ASSERT_TRUE(RunUntil([&] { return a.network->counters().links_down >= 3; }));
  EXPECT_TRUE(a.SaidOfLinks({false}));
  a.network->Send(nobody, Pull(2));
  ASSERT_TRUE(RunUntil([&] { return a.SaidOfLinks({false, false}); }));
}

TEST_F(AsioNetworkTest, WhatPassesTheQueueIsDropped) {
  Node a(loop_);
  Node b(loop_);
  RingPush push;
  push.ring = Bytes::CopyOf(std::string(4 << 20, 'r'));
  const PeerMessage message{{}, push};
  for (int i = 0; i < 20; ++i) a.network->Send(b.endpoint(), message);

  EXPECT_EQ(a.network->counters().frames_dropped, 5u);  // 15 * 4 MiB fit.
  ASSERT_TRUE(RunUntil([&] { return b.messages.size() == 15; }));
}

TEST_F(AsioNetworkTest, AStreamOfAnotherProtocolIsClosed) {
  Node b(loop_);
  boost::asio::ip::tcp::socket stranger(loop_);
  stranger.connect(TcpOf(b.endpoint()));
  boost::asio::write(
      stranger, boost::asio::buffer(std::string("GET / HTTP/1.1\r\n\r\n")));

  ASSERT_TRUE(
      RunUntil([&] { return b.network->counters().streams_broken == 1; }));
  std::array<char, 1> byte;
  boost::system::error_code error;
  stranger.read_some(boost::asio::buffer(byte), error);
  EXPECT_TRUE(error);
}

// A port scanner, a client at the wrong port, a peer whose machine is gone:
// none of them may hold a descriptor and memory for ever.
TEST_F(AsioNetworkTest, WhoSaysNothingOrStopsInAFrameIsHungUpOn) {
  NetworkCounters counters;
  std::vector<PeerMessage> messages;
  PeerListener listener(
      loop_, counters,
      {.preface = std::chrono::milliseconds(80),
       .frame = std::chrono::milliseconds(160)},
      [&](PeerMessage message) { messages.push_back(std::move(message)); });
  ASSERT_TRUE(listener.Listen(*ParseAddress("127.0.0.1", 0)).ok());
  const Endpoint at = *ParseAddress("127.0.0.1", listener.port());
  boost::asio::ip::tcp::socket silent(loop_);
  silent.connect(TcpOf(at));
  boost::asio::ip::tcp::socket halting(loop_);
  halting.connect(TcpOf(at));
  std::string stream(kLinkPreface);
  ASSERT_TRUE(AppendFrame(Pull(1), &stream));
  stream += stream.substr(kLinkPreface.size(), 5);
  boost::asio::write(halting, boost::asio::buffer(stream));
  boost::asio::ip::tcp::socket idle(loop_);
  idle.connect(TcpOf(at));
  boost::asio::write(idle, boost::asio::buffer(std::string(kLinkPreface)));

  ASSERT_TRUE(RunUntil([&] { return counters.streams_broken == 2; }));
  for (auto* hung_up : {&silent, &halting}) {
    std::array<char, 1> byte;
    boost::system::error_code error;
    hung_up->read_some(boost::asio::buffer(byte), error);
    EXPECT_TRUE(error);
  }
  // A peer that has nothing to say stays.
  std::string late;
  ASSERT_TRUE(AppendFrame(Pull(2), &late));
  boost::asio::write(idle, boost::asio::buffer(late));
  ASSERT_TRUE(RunUntil([&] { return messages.size() == 2; }));
  EXPECT_EQ(messages[0], Pull(1));
  EXPECT_EQ(messages[1], Pull(2));
}

TEST_F(AsioNetworkTest, UnfinishedFramesShareABound) {
  NetworkCounters counters;
  size_t messages = 0;
  PeerListener listener(loop_, counters, {.held_bytes = 5000},
                        [&](const PeerMessage&) { ++messages; });
  ASSERT_TRUE(listener.Listen(*ParseAddress("127.0.0.1", 0)).ok());
  std::string stream(kLinkPreface);
  stream.append(kFrameHeaderBytes, '\0');
  StoreU32(reinterpret_cast<std::byte*>(stream.data() + kLinkPreface.size()),
           1 << 20);
  stream.append(3000, 'x');
  const auto send = [&](boost::asio::ip::tcp::socket* link) {
    link->connect(TcpOf(*ParseAddress("127.0.0.1", listener.port())));
    boost::asio::write(*link, boost::asio::buffer(stream));
  };
  boost::asio::ip::tcp::socket first(loop_);
  send(&first);
  ASSERT_TRUE(
      RunUntil([&] { return counters.frame_bytes_received == stream.size(); }));
  EXPECT_EQ(counters.streams_broken, 0U);

  boost::asio::ip::tcp::socket second(loop_);
  send(&second);
  ASSERT_TRUE(RunUntil([&] { return counters.streams_broken == 1; }));
  // What it held is free again.
  boost::asio::ip::tcp::socket third(loop_);
  stream.resize(1500);
  send(&third);
  ASSERT_TRUE(RunUntil([&] {
    return counters.frame_bytes_received == 2 * 3016 + stream.size();
  }));

  EXPECT_EQ(counters.streams_broken, 1U);
  EXPECT_EQ(messages, 0U);
}

TEST_F(AsioNetworkTest, AFrameThatIsNoMessageIsSkipped) {
  Node b(loop_);
  std::string stream(kLinkPreface);
  ASSERT_TRUE(AppendFrame(Pull(1), &stream));
  // The same frame about an unknown body: field 23 instead of 20.
  const size_t start = stream.size();
  std::string payload;
  AppendPeerMessage(Pull(2), &payload);
  const size_t tag = payload.find('\xa2');
  ASSERT_NE(tag, std::string::npos);
  payload[tag] = '\xba';
  stream.append(8, '\0');
  stream += payload;
  auto* header = reinterpret_cast<std::byte*>(stream.data() + start);
  StoreU32(header, static_cast<uint32_t>(payload.size()));
  StoreU32(header + 4, Crc32c(ViewOf(payload)));
  ASSERT_TRUE(AppendFrame(Pull(3), &stream));
  boost::asio::ip::tcp::socket newer(loop_);
  newer.connect(TcpOf(b.endpoint()));
  boost::asio::write(newer, boost::asio::buffer(stream));

  ASSERT_TRUE(RunUntil([&] { return b.messages.size() == 2; }));

  EXPECT_EQ(b.messages[0], Pull(1));
  EXPECT_EQ(b.messages[1], Pull(3));
  EXPECT_EQ(b.network->counters().frames_skipped, 1u);
}

TEST_F(AsioNetworkTest, DatagramsCarryTheAddressTheyCameFrom) {
  Node a(loop_);
  Node b(loop_);
  const Datagram datagram = RandomDatagram(1, 0);

  a.network->SendDatagram(b.endpoint(), datagram);

  ASSERT_TRUE(RunUntil([&] { return b.datagrams.size() == 1; }));
  EXPECT_EQ(b.datagrams[0].source, a.endpoint());
  EXPECT_EQ(b.datagrams[0].datagram, datagram);
}

TEST_F(AsioNetworkTest, DatagramsToNobodyAndRubbishAreCountedAndHarmless) {
  Node a(loop_);
  Node b(loop_);
  Endpoint nobody;
  {
    Node gone(loop_);
    nobody = gone.endpoint();
  }
  for (int i = 0; i < 5; ++i) {
    a.network->SendDatagram(nobody, RandomDatagram(1, 0));
  }
  boost::asio::ip::udp::socket stranger(
      loop_, boost::asio::ip::udp::endpoint(AddressOf(a.endpoint()), 0));
  stranger.send_to(boost::asio::buffer(std::string("rubbish")),
                   UdpOf(b.endpoint()));
  stranger.send_to(boost::asio::buffer(std::string(5000, 'r')),
                   UdpOf(b.endpoint()));
  a.network->SendDatagram(b.endpoint(), RandomDatagram(2, 0));

  ASSERT_TRUE(RunUntil([&] { return b.datagrams.size() == 1; }));
  EXPECT_EQ(b.network->counters().datagrams_skipped, 2u);
}

TEST_F(AsioNetworkTest, APortInUseIsNamed) {
  Node a(loop_);

  const auto second = AsioNetwork::Listen(loop_, a.endpoint(), nullptr);

  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(second.status().message()),
              ::testing::HasSubstr(FormatEndpoint(a.endpoint())));
}

TEST_F(AsioNetworkTest, ANetworkMayGoBeforeItsHandlersRun) {
  {
    Node a(loop_);
    Node b(loop_);
    for (int i = 0; i < 10; ++i) a.network->Send(b.endpoint(), Pull(1));
    loop_.run_one_for(std::chrono::milliseconds(10));
    a.network->Send(b.endpoint(), Pull(1));
    b.network->Send(a.endpoint(), Pull(1));
  }

  loop_.run_for(
      std::chrono::seconds(10));  // Ends: nothing is left to wait for.
  EXPECT_TRUE(loop_.stopped());
}

}  // namespace
}  // namespace orrery
