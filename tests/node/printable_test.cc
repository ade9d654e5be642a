#include "node/printable.h"

#include <string>

#include "gtest/gtest.h"

namespace orrery {
namespace {

TEST(PrintableTest, WhatATerminalShowsIsLeftAsItIs) {
  EXPECT_EQ(Printable("user:1 ~"), "user:1 ~");
}

TEST(PrintableTest, EveryByteComesBack) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);

  const std::string text = Printable(bytes);

  for (const char c : text) EXPECT_TRUE(' ' <= c && c <= '~');
  EXPECT_EQ(FromPrintable(text), bytes);
}

TEST(PrintableTest, ABackslashThatBeginsNothingIsRefused) {
  for (const char* text : {"\\", "\\n", "\\x", "\\x1", "\\x1g", "a\\"}) {
    EXPECT_FALSE(FromPrintable(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace orrery
