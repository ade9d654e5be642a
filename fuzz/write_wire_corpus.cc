// Writes the seed corpora of wire_codec_fuzz and frame_stream_fuzz, one input
// per kind of message.  Run it from the root of the tree after a change of the
// wire: build/asan-ubsan/bin/write_wire_corpus fuzz/corpus

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "core/base/coding.h"
#include "tests/transport/wire/random_message.h"
#include "transport/wire/codec.h"
#include "transport/wire/frame.h"

namespace orrery {
namespace {

void WriteFile(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

// The smallest of some random messages of a kind: short seeds mutate best.
std::string SmallPayload(size_t body) {
  std::string smallest;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    std::string payload;
    EncodePeerMessage(RandomPeerMessage(seed, body), &payload);
    if (payload.size() < 100) continue;  // With some content.
    if (smallest.empty() || payload.size() < smallest.size()) {
      smallest = payload;
    }
  }
  return smallest;
}

void WritePeerMessages(const std::filesystem::path& directory) {
  for (size_t body = 0; body < kPeerBodies; ++body) {
    const std::string payload = SmallPayload(body);
    WriteFile(directory / ("peer-" + std::to_string(body)),
              std::string(1, '\0') + payload);
    // As body and values without the length, if the values are that few.
    const uint32_t body_bytes =
        LoadU32(reinterpret_cast<const std::byte*>(payload.data()));
    const size_t values = payload.size() - 4 - body_bytes;
    if (values > 255) continue;
    WriteFile(
        directory / ("body-" + std::to_string(body)),
        std::string("\x01", 1) + static_cast<char>(values) + payload.substr(4));
  }
}

void WriteDatagrams(const std::filesystem::path& directory) {
  for (size_t body = 0; body < kDatagramBodies; ++body) {
    std::string bytes;
    if (!EncodeDatagram(RandomDatagram(body, body), &bytes)) continue;
    WriteFile(directory / ("datagram-" + std::to_string(body)),
              std::string("\x02", 1) + bytes);
    WriteFile(directory / ("unsealed-" + std::to_string(body)),
              std::string("\x03", 1) + bytes.substr(0, bytes.size() - 16));
  }
}

void WriteStreams(const std::filesystem::path& directory) {
  std::string stream(kLinkPreface);
  AppendFrame({{}, RingPull{{1, 2}}}, &stream);
  AppendFrame({{}, RingClose{{1, 2}}}, &stream);
  WriteFile(directory / "two-frames", std::string("\x03\0", 2) + stream);
  stream.pop_back();
  WriteFile(directory / "torn", std::string("\x03\0", 2) + stream);
  WriteFile(directory / "not-a-peer",
            std::string("\x03\0", 2) + "GET / HTTP/1.1\r\n\r\n");
  WriteFile(directory / "payloads",
            std::string("\xa5\0", 2) + "\x05" + "hello" + "\x06" + " world");
  WriteFile(directory / "damaged",
            std::string("\xc5\x10", 2) + "\x05" + "hello" + "\x06" + " world");
  WriteFile(directory / "too-long",
            std::string("\x85\0\xff", 3) + std::string(255, 'x'));
}

}  // namespace
}  // namespace orrery

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
    return 2;
  }
  const std::filesystem::path directory = argv[1];
  orrery::WritePeerMessages(directory / "wire_codec");
  orrery::WriteDatagrams(directory / "wire_codec");
  orrery::WriteStreams(directory / "frame_stream");
  return 0;
}
