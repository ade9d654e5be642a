// core/base/field_saver.h
//
// FieldSaver writes fields (fields.h) in the order of their lists: integers in
// their width, little-endian; a count before what can be many; maps and sets in
// key order.  Equal states give equal bytes.
//
// A value (AsValue) is written whole, or elided: its length and CRC-32C.
//
// Cost: a copy, and a checksum per elided value.

#ifndef ORRERY_CORE_BASE_FIELD_SAVER_H_
#define ORRERY_CORE_BASE_FIELD_SAVER_H_

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/byte_sink.h"
#include "core/base/bytes.h"
#include "core/base/crc32c.h"
#include "core/base/fields.h"

namespace orrery {

class FieldSaver {
 public:
  static constexpr bool kLoads = false;

  // Appends the lengths of the values that `meta` says a stored value of
  // `bytes` is made of; nothing if it cannot tell.
  using PartsOf = void (*)(ByteView meta, size_t bytes,
                           std::vector<size_t>* parts);

  struct Options {
    ValueMode values = ValueMode::kWhole;
    PartsOf parts_of = nullptr;
    // Without the entries of tables that are too large to be written often:
    // whoever needs one adds it later.
    bool skip_large_tables = false;
  };

  explicit FieldSaver(ByteSink& out) : FieldSaver(out, Options()) {}
  FieldSaver(ByteSink& out, const Options& options)
      : out_(out), options_(options) {}

  template <typename... Ts>
  void operator()(const Ts&... fields) {
    (Save(fields), ...);
  }

  const Options& options() const { return options_; }
  ByteSink& out() { return out_; }
  // Bytes in which some are values, in order: those elided, the rest as it is.
  // None is elided if values are kept.
  void SaveMixed(ByteView bytes, std::span<const ByteSpan> values) {
    if (options_.values == ValueMode::kWhole) values = {};
    Count(values.size());
    size_t kept = bytes.size();
    for (const ByteSpan& value : values) {
      Count(value.from);
      SaveElided(bytes.subspan(value.from, value.size));
      kept -= value.size;
    }
    Count(kept);
    size_t at = 0;
    for (const ByteSpan& value : values) {
      out_.Append(bytes.subspan(at, value.from - at));
      at = value.from + value.size;
    }
    out_.Append(bytes.subspan(at));
  }
  void Count(size_t count) { Save(static_cast<uint32_t>(count)); }

 private:
  template <typename T>
  void Save(const T& field) {
    if constexpr (std::is_same_v<T, bool>) {
      Save(static_cast<uint8_t>(field));
    } else if constexpr (std::is_enum_v<T>) {
      Save(static_cast<std::underlying_type_t<T>>(field));
    } else if constexpr (std::is_integral_v<T>) {
      std::memcpy(out_.Extend(sizeof(T)), &field, sizeof(T));
    } else {
      field.Fields(*this);
    }
  }

  void Save(const std::string& text) { SaveBytes(ViewOf(text)); }
  void Save(const Bytes& bytes) { SaveBytes(bytes.view()); }
  void Save(const ByteBuffer& bytes) { SaveBytes(bytes); }
  void SaveBytes(ByteView bytes) {
    Count(bytes.size());
    out_.Append(bytes);
  }

  void SaveElided(ByteView bytes) {
    Count(bytes.size());
    Save(Crc32c(bytes));
  }
  template <typename T>
    requires requires(const T& items) { items.front().view(); }
  void Save(const ValueField<T>& values) {
    Count(values.bytes.size());
    for (const Bytes& value : values.bytes) Save(AsValue(value));
  }
  template <typename T>
  void Save(const ValueField<T>& value) {
    if (options_.values == ValueMode::kElided) {
      SaveElided(ByteView(value.bytes.data(), value.bytes.size()));
    } else {
      Save(value.bytes);
    }
  }
  template <typename T>
  void Save(const StoredValueField<T>& stored) {
    if (options_.values == ValueMode::kWhole) return Save(stored.value);
    parts_.clear();
    const ByteView value = stored.value.view();
    if (options_.parts_of != nullptr) {
      options_.parts_of(stored.meta.view(), value.size(), &parts_);
    }
    if (parts_.empty()) parts_.push_back(value.size());
    Count(parts_.size());
    size_t at = 0;
    for (const size_t part : parts_) {
      SaveElided(value.subspan(at, part));
      at += part;
    }
  }

  template <typename T>
  void Save(const std::optional<T>& maybe) {
    Save(maybe.has_value());
    if (maybe.has_value()) Save(*maybe);
  }
  template <typename A, typename B>
  void Save(const std::pair<A, B>& pair) {
    Save(pair.first);
    Save(pair.second);
  }
  template <typename T, size_t N>
  void Save(const std::array<T, N>& items) {
    for (const T& item : items) Save(item);
  }
  template <size_t N>
  void Save(const std::bitset<N>& bits) {
    for (size_t i = 0; i < N; i += 8) {
      unsigned byte = 0;
      for (size_t j = i; j < N && j < i + 8; ++j) {
        byte |= bits[j] ? 1U << (j - i) : 0U;
      }
      Save(static_cast<uint8_t>(byte));
    }
  }
  template <typename... Ts>
  void Save(const std::variant<Ts...>& choice) {
    Save(static_cast<uint8_t>(choice.index()));
    std::visit([this](const auto& body) { this->Save(body); }, choice);
  }
  // Lists, maps and sets.
  template <typename T>
    requires requires(const T& items) {
      items.begin();
      items.size();
    }
  void Save(const T& items) {
    Count(items.size());
    for (const auto& item : items) Save(item);
  }

  ByteSink& out_;
  Options options_;
  std::vector<size_t> parts_;
};

}  // namespace orrery

#endif  // ORRERY_CORE_BASE_FIELD_SAVER_H_
