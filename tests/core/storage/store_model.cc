#include "tests/core/storage/store_model.h"

#include <algorithm>
#include <utility>

namespace orrery {

namespace {

// The beginning tells values apart.
std::string Short(const std::string& value) { return value.substr(0, 12); }

}  // namespace

StoreModel::StoreModel(size_t keys) {
  for (size_t i = 0; i < keys; ++i) keys_.push_back("key-" + std::to_string(i));
}

void StoreModel::Put(StoreDriver& driver, size_t key, std::string value,
                     bool must_sync) {
  const uint32_t ticket = driver.Put(keys_[key], value, must_sync);
  issued_.push_back({keys_[key], std::move(value), ticket});
}

void StoreModel::Delete(StoreDriver& driver, size_t key) {
  const uint32_t ticket = driver.Delete(keys_[key]);
  issued_.push_back({keys_[key], "x", ticket});
}

void StoreModel::NoteReplies(const std::vector<StoreReply>& replies) {
  for (const StoreReply& reply : replies) {
    for (Issued& put : issued_) {
      if (put.ticket != reply.ticket.part) continue;
      if (reply.status != StoreStatus::kOk) continue;
      put.is_answered = true;
      put.durability = reply.durability;
    }
  }
}

bool StoreModel::AllAnswered() const {
  return std::all_of(issued_.begin(), issued_.end(),
                     [](const Issued& put) { return put.is_answered; });
}

std::string StoreModel::Last(const std::string& key, size_t upto) const {
  for (size_t i = upto; i > 0; --i) {
    if (issued_[i - 1].key == key) return issued_[i - 1].value;
  }
  const auto found = base_.find(key);
  return found == base_.end() ? "-" : found->second;
}

std::string StoreModel::ValueOf(size_t key) const {
  return Last(keys_[key], issued_.size());
}

StoreModel::Content StoreModel::Read(StoreDriver& driver) const {
  Content content;
  for (const std::string& key : keys_) content[key] = driver.ValueOf(key);
  return content;
}

std::string StoreModel::JudgePrefix(const Content& content) const {
  size_t promised = 0;
  for (size_t i = 0; i < issued_.size(); ++i) {
    if (issued_[i].is_answered) promised = i + 1;
  }
  for (size_t length = promised; length <= issued_.size(); ++length) {
    const bool is_equal =
        std::all_of(content.begin(), content.end(), [&](const auto& entry) {
          return Last(entry.first, length) == entry.second;
        });
    if (is_equal) return "";
  }
  std::string text = "no prefix of the puts with the " +
                     std::to_string(promised) + " promised ones gives";
  for (const auto& [key, value] : content) {
    text += " " + key + "=" + Short(value) + " (promised " +
            Short(Last(key, promised)) + ")";
  }
  return text;
}

// The value of each key was issued for it, and is not older than the newest
// that was promised to that degree.
std::string StoreModel::JudgeKeys(const Content& content,
                                  Durability promised) const {
  for (const auto& [key, value] : content) {
    std::vector<std::string> allowed = {Last(key, 0)};
    for (const Issued& put : issued_) {
      if (put.key != key) continue;
      if (put.is_answered && put.durability >= promised) allowed.clear();
      allowed.push_back(put.value);
    }
    if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
      return key + " is " + Short(value) + ", and at least " +
             Short(allowed.front()) + " was promised";
    }
  }
  return "";
}

std::string StoreModel::Judge(const Crash& crash, const Found& found) const {
  for (const auto& [key, value] : found.content) {
    if (value == "!") return key + " cannot be read";
    if (value == "?") return key + " is refused";
  }
  if (found.damaged) return "a crash was taken for damage, or did some";
  if (crash.sync_writes) return JudgePrefix(found.content);
  if (!crash.power_lost) return JudgeKeys(found.content, Durability::kWritten);
  const std::string synced = JudgeKeys(found.content, Durability::kSynced);
  if (!synced.empty() || found.suspect) return synced;
  const std::string written = JudgeKeys(found.content, Durability::kWritten);
  if (written.empty()) return "";
  return written + ", and the store is in no doubt";
}

void StoreModel::Continue(const Content& content) {
  base_ = content;
  issued_.clear();
}

}  // namespace orrery
