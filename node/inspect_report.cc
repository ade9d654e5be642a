#include "node/inspect_report.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "node/printable.h"
#include "transport/http/json_writer.h"

namespace orrery {
namespace {

constexpr std::array<Finding::Kind, 4> kKinds = {
    Finding::Kind::kDamage, Finding::Kind::kUnreadable,
    Finding::Kind::kOtherFormat, Finding::Kind::kNote};

const char* NameOf(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::kNote:
      return "note";
    case Finding::Kind::kDamage:
      return "damage";
    case Finding::Kind::kUnreadable:
      return "unreadable";
    case Finding::Kind::kOtherFormat:
      return "other format";
  }
  return "";
}

std::string TextOf(const Fact& fact) {
  std::string name = fact.name;
  std::replace(name.begin(), name.end(), '_', ' ');
  if (const auto* number = std::get_if<uint64_t>(&fact.value)) {
    return absl::StrCat(name, " ", *number);
  }
  return absl::StrCat(name, " ", Printable(std::get<std::string>(fact.value)));
}

std::string TextOf(const InspectedFile& file) {
  std::string text = absl::StrCat(Printable(file.path), "  ", file.size,
                                  " bytes, ", file.kind, "\n");
  std::string line;
  for (const Fact& fact : file.facts) {
    absl::StrAppend(&line, line.empty() ? "    " : ", ", TextOf(fact));
  }
  if (!line.empty()) absl::StrAppend(&text, line, "\n");
  return text;
}

std::string TextOf(const Finding& finding) {
  std::string text =
      absl::StrCat(NameOf(finding.kind), ": ", Printable(finding.file));
  if (finding.bytes != 0) {
    absl::StrAppend(&text, " at ", finding.offset, ", ", finding.bytes,
                    " bytes");
  }
  return absl::StrCat(text, ": ", finding.what, "\n");
}

void WriteFile(const InspectedFile& file, JsonWriter* json) {
  json->BeginObject();
  json->TextOrBase64("path", file.path);
  json->Member("kind", file.kind).Member("size", file.size);
  for (const Fact& fact : file.facts) {
    if (const auto* number = std::get_if<uint64_t>(&fact.value)) {
      json->Member(fact.name, *number);
    } else {
      json->TextOrBase64(fact.name, std::get<std::string>(fact.value));
    }
  }
  json->EndObject();
}

void WriteFinding(const Finding& finding, JsonWriter* json) {
  json->BeginObject().Member("kind", NameOf(finding.kind));
  json->TextOrBase64("file", finding.file);
  json->Member("offset", finding.offset).Member("bytes", finding.bytes);
  json->Member("what", finding.what).EndObject();
}

}  // namespace

void InspectedFile::Say(std::string_view name, uint64_t number) {
  facts.push_back({std::string(name), number});
}

void InspectedFile::Say(std::string_view name, std::string text) {
  facts.push_back({std::string(name), std::move(text)});
}

void InspectReport::Add(Finding finding) {
  ++counts_[static_cast<size_t>(finding.kind)];
  if (finding.kind == Finding::Kind::kDamage) damaged_bytes_ += finding.bytes;
  if (findings_.size() < kFindingsMax) findings_.push_back(std::move(finding));
}

bool InspectReport::IsWhole() const {
  return CountOf(Finding::Kind::kDamage) == 0 &&
         CountOf(Finding::Kind::kUnreadable) == 0 &&
         CountOf(Finding::Kind::kOtherFormat) == 0;
}

std::string InspectReport::Verdict() const {
  if (IsWhole()) return absl::StrCat("whole: ", files_.size(), " files\n");
  return absl::StrCat(
      "NOT WHOLE: ", files_.size(), " files; damaged places ",
      CountOf(Finding::Kind::kDamage), " (", damaged_bytes_,
      " bytes), unreadable ", CountOf(Finding::Kind::kUnreadable),
      ", of another format ", CountOf(Finding::Kind::kOtherFormat), "\n");
}

std::string InspectReport::Text() const {
  std::string text;
  for (const InspectedFile& file : files_) text += TextOf(file);
  if (!findings_.empty()) text += "\n";
  size_t listed = 0;
  for (const Finding::Kind kind : kKinds) {
    for (const Finding& finding : findings_) {
      if (finding.kind != kind) continue;
      text += TextOf(finding);
      ++listed;
    }
  }
  size_t all = 0;
  for (const size_t count : counts_) all += count;
  if (listed < all) {
    absl::StrAppend(&text, "and ", all - listed, " more\n");
  }
  return absl::StrCat(text, "\n", Verdict());
}

std::string InspectReport::JsonMembers() const {
  std::string text;
  JsonWriter json(&text);
  json.Name("whole").Bool(IsWhole());
  for (const Finding::Kind kind : kKinds) {
    std::string name(NameOf(kind));
    std::replace(name.begin(), name.end(), ' ', '_');
    json.Member(name, uint64_t{CountOf(kind)});
  }
  json.Member("damaged_bytes", damaged_bytes_);
  json.Name("files").BeginArray();
  for (const InspectedFile& file : files_) WriteFile(file, &json);
  json.EndArray().Name("findings").BeginArray();
  for (const Finding& finding : findings_) WriteFinding(finding, &json);
  json.EndArray();
  return text;
}

}  // namespace orrery
