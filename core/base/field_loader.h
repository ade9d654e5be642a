// core/base/field_loader.h
//
// FieldLoader reads what FieldSaver wrote.  The bytes are hostile: whatever no
// saver can have written (a count that does not fit, an enumerator that does
// not exist, keys out of order) makes it fail, and from then on it reads
// nothing; memory stays proportional to what is there to read, but for values
// that are elided, which have a limit of their own.
//
// Elided values come as stand-ins (stand_in.h).

#ifndef ORRERY_CORE_BASE_FIELD_LOADER_H_
#define ORRERY_CORE_BASE_FIELD_LOADER_H_

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/coding.h"
#include "core/base/fields.h"
#include "core/base/stand_in.h"

namespace orrery {

namespace field_loader_internal {

// Whether an enumeration names the value: a compiler writes one that it does
// not name as a cast, "(Colour)7".
template <auto kValue>
constexpr bool IsNamed() {
  constexpr std::string_view kMark = "kValue = ";
  constexpr std::string_view kText = __PRETTY_FUNCTION__;
  return kText[kText.find(kMark) + kMark.size()] != '(';
}

inline constexpr size_t kEnumeratorsMax = 64;

template <typename Enum, size_t... kValues>
constexpr uint64_t NamedValues(std::index_sequence<kValues...>) {
  return ((IsNamed<static_cast<Enum>(kValues)>() ? uint64_t{1} << kValues : 0) |
          ...);
}

template <typename Enum>
constexpr bool HasEnumerator(uint8_t value) {
  static_assert(std::is_same_v<std::underlying_type_t<Enum>, uint8_t>);
  constexpr uint64_t kNamed =
      NamedValues<Enum>(std::make_index_sequence<kEnumeratorsMax>());
  static_assert(kNamed != 0);
  return value < kEnumeratorsMax && (kNamed >> value & 1) != 0;
}

}  // namespace field_loader_internal

class FieldLoader {
 public:
  static constexpr bool kLoads = true;

  struct Options {
    ValueMode values = ValueMode::kWhole;
    uint64_t elided_bytes_max = uint64_t{1} << 30;  // Of all values together.
  };

  explicit FieldLoader(Reader& in) : FieldLoader(in, Options()) {}
  FieldLoader(Reader& in, const Options& options)
      : in_(in), options_(options) {}

  template <typename... Ts>
  void operator()(Ts&&... fields) {
    (Load(fields), ...);
  }

  bool ok() const { return ok_; }
  // What was read cannot have been saved.
  void Fail() { ok_ = false; }
  void Require(bool holds) {
    if (!holds) ok_ = false;
  }
  // Of things of which each takes a byte at least; 0 once it failed.
  size_t Count() {
    uint32_t count = 0;
    Load(count);
    Require(count <= in_.remaining());
    return ok_ ? count : 0;
  }
  Reader& in() { return in_; }
  // What SaveMixed wrote, values as stand-ins.
  Bytes LoadMixed() {
    std::vector<MixedValue> values;
    const size_t count = Count();
    size_t total = 0;
    Require(count == 0 || options_.values == ValueMode::kElided);
    for (size_t i = 0; i < count && ok_; ++i) {
      MixedValue& value = values.emplace_back();
      Load(value.from);
      value.elided = LoadElided();
      total += value.elided.size;
    }
    ByteView kept = LoadBytes();
    if (!ok_) return {};
    std::byte* to = nullptr;
    Bytes all = Bytes::Allocate(total + kept.size(), &to);
    size_t at = 0;
    for (const MixedValue& value : values) {
      Require(at <= value.from && value.from - at <= kept.size());
      if (!ok_) return {};
      const size_t before = value.from - at;
      if (before != 0) std::memcpy(to + at, kept.data(), before);
      kept = kept.subspan(before);
      at = value.from;
      Require(FillStandIn(value.elided.crc, value.elided.size, to + at));
      at += value.elided.size;
    }
    if (!kept.empty()) std::memcpy(to + at, kept.data(), kept.size());
    return all;
  }
  const Options& options() const { return options_; }

  // An object to be loaded.
  template <typename T>
  static T Make() {
    if constexpr (std::is_constructible_v<T, Blank>) {
      return T(Blank{});
    } else {
      return T{};
    }
  }

 private:
  template <typename T>
  void Load(T& field) {
    if constexpr (std::is_same_v<T, bool>) {
      uint8_t byte = 0;
      Load(byte);
      Require(byte <= 1);
      field = byte == 1;
    } else if constexpr (std::is_enum_v<T>) {
      uint8_t byte = 0;
      Load(byte);
      Require(field_loader_internal::HasEnumerator<T>(byte));
      if (ok_) field = static_cast<T>(byte);
    } else if constexpr (std::is_integral_v<T>) {
      ByteView bytes;
      if (!ok_ || !in_.ReadBytes(sizeof(T), &bytes)) return Fail();
      std::memcpy(&field, bytes.data(), sizeof(T));
    } else {
      field.Fields(*this);
    }
  }

  ByteView LoadBytes() {
    const size_t size = Count();
    ByteView bytes;
    if (!ok_ || !in_.ReadBytes(size, &bytes)) Fail();
    return ok_ ? bytes : ByteView();
  }
  void Load(std::string& text) { text = TextOf(LoadBytes()); }
  void Load(Bytes& bytes) { bytes = Bytes::CopyOf(LoadBytes()); }
  void Load(ByteBuffer& bytes) {
    const ByteView view = LoadBytes();
    bytes.assign(view.begin(), view.end());
  }

  struct Elided {
    uint32_t size = 0;
    uint32_t crc = 0;
  };
  struct MixedValue {
    uint32_t from = 0;
    Elided elided;
  };
  Elided LoadElided() {
    Elided elided;
    (*this)(elided.size, elided.crc);
    Require(elided.size <= options_.elided_bytes_max - elided_bytes_);
    if (!ok_) return {};
    elided_bytes_ += elided.size;
    return elided;
  }
  void Load(ValueField<Bytes>& value) {
    if (options_.values == ValueMode::kWhole) return Load(value.bytes);
    const Elided elided = LoadElided();
    std::byte* to = nullptr;
    value.bytes = Bytes::Allocate(elided.size, &to);
    Require(FillStandIn(elided.crc, elided.size, to));
  }
  template <typename T>
    requires requires(T& items) { items.emplace_back().view(); }
  void Load(ValueField<T>& values) {
    const size_t count = Count();
    values.bytes.clear();
    for (size_t i = 0; i < count && ok_; ++i) {
      ValueField<Bytes> value{values.bytes.emplace_back()};
      Load(value);
    }
  }
  void Load(ValueField<ByteBuffer>& value) {
    if (options_.values == ValueMode::kWhole) return Load(value.bytes);
    const Elided elided = LoadElided();
    value.bytes.resize(elided.size);
    Require(FillStandIn(elided.crc, elided.size, value.bytes.data()));
  }
  void Load(StoredValueField<Bytes>& stored) {
    if (options_.values == ValueMode::kWhole) return Load(stored.value);
    const size_t count = Count();
    std::vector<Elided> parts;
    size_t total = 0;
    for (size_t i = 0; i < count && ok_; ++i) {
      parts.push_back(LoadElided());
      total += parts.back().size;
    }
    if (!ok_) return;
    std::byte* to = nullptr;
    stored.value = Bytes::Allocate(total, &to);
    for (const Elided& part : parts) {
      Require(FillStandIn(part.crc, part.size, to));
      to += part.size;
    }
  }

  template <typename T>
  void Load(std::optional<T>& maybe) {
    bool has = false;
    Load(has);
    maybe.reset();
    if (!ok_ || !has) return;
    maybe.emplace(Make<T>());
    Load(*maybe);
  }
  template <typename A, typename B>
  void Load(std::pair<A, B>& pair) {
    Load(pair.first);
    Load(pair.second);
  }
  template <typename T, size_t N>
  void Load(std::array<T, N>& items) {
    for (T& item : items) Load(item);
  }
  template <size_t N>
  void Load(std::bitset<N>& bits) {
    for (size_t i = 0; i < N; i += 8) {
      uint8_t byte = 0;
      Load(byte);
      for (size_t j = i; j < N && j < i + 8; ++j) {
        bits[j] = (byte >> (j - i) & 1) != 0;
      }
      if (N - i < 8) Require(byte >> (N - i) == 0);
    }
  }
  template <size_t kIndex = 0, typename... Ts>
  void LoadChoice(size_t index, std::variant<Ts...>& choice) {
    if constexpr (kIndex == sizeof...(Ts)) {
      Fail();
    } else {
      if (index != kIndex) return LoadChoice<kIndex + 1>(index, choice);
      Load(choice.template emplace<kIndex>());
    }
  }
  template <typename... Ts>
  void Load(std::variant<Ts...>& choice) {
    uint8_t index = 0;
    Load(index);
    if (ok_) LoadChoice(index, choice);
  }
  // Lists.
  template <typename T>
    requires requires(T& items) { items.pop_back(); }
  void Load(T& items) {
    items.clear();
    const size_t count = Count();
    for (size_t i = 0; i < count && ok_; ++i) {
      items.push_back(Make<typename T::value_type>());
      Load(items.back());
    }
  }
  // Maps.
  template <typename T>
    requires requires { typename T::mapped_type; }
  void Load(T& items) {
    items.clear();
    const size_t count = Count();
    for (size_t i = 0; i < count && ok_; ++i) {
      typename T::key_type key{};
      Load(key);
      Require(items.empty() || items.rbegin()->first < key);
      Load(items.try_emplace(items.end(), std::move(key))->second);
    }
  }
  // Sets.
  template <typename T>
    requires(
        requires { typename T::key_type; } &&
        !requires { typename T::mapped_type; })
  void Load(T& items) {
    items.clear();
    const size_t count = Count();
    for (size_t i = 0; i < count && ok_; ++i) {
      typename T::key_type key{};
      Load(key);
      Require(items.empty() || *items.rbegin() < key);
      items.insert(items.end(), std::move(key));
    }
  }

  Reader& in_;
  Options options_;
  uint64_t elided_bytes_ = 0;
  bool ok_ = true;
};

}  // namespace orrery

#endif  // ORRERY_CORE_BASE_FIELD_LOADER_H_
