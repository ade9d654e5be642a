// tests/core/storage/store_model.h
//
// StoreModel is what a store must hold, as a plain map: what was recovered
// last, and every put issued since in order, with what was promised of it.
// It judges what a store holds after a crash (O17) and without one (O18).
//
// Values: "-" is an absent key, "x" a deleted one, "!" one that cannot be read.

#ifndef ORRERY_TESTS_CORE_STORAGE_STORE_MODEL_H_
#define ORRERY_TESTS_CORE_STORAGE_STORE_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/core/storage/store_driver.h"

namespace orrery {

class StoreModel {
 public:
  using Content = std::map<std::string, std::string>;

  // How the last process came to its end.
  struct Crash {
    bool sync_writes = false;
    bool power_lost = false;  // In it, or in a death during a recovery since.
  };
  // What the process after it says of itself.
  struct Found {
    Content content;  // Every key of the model.
    bool suspect = false;
    bool damaged = false;
  };

  explicit StoreModel(size_t keys);

  void Put(StoreDriver& driver, size_t key, std::string value,
           bool must_sync = false);
  void Delete(StoreDriver& driver, size_t key);
  // Notes what was promised since the last call.
  void TakeReplies(StoreDriver& driver) { NoteReplies(driver.TakeReplies()); }
  void NoteReplies(const std::vector<StoreReply>& replies);
  bool AllAnswered() const;

  // What a store without a crash must answer.
  std::string ValueOf(size_t key) const;
  // Reads every key.
  Content Read(StoreDriver& driver) const;

  // What is wrong with it, as a sentence; empty: nothing.  With sync_writes
  // it is what some prefix of the puts gives, with every promise in it;
  // without, each value was issued and no promise that holds is broken, and a
  // promise that does not is missed by nobody but a store that says so.
  std::string Judge(const Crash& crash, const Found& found) const;
  // The store goes on from there.
  void Continue(const Content& content);

  size_t keys() const { return keys_.size(); }
  const std::string& KeyOf(size_t key) const { return keys_[key]; }

 private:
  struct Issued {
    std::string key;
    std::string value;
    uint32_t ticket = 0;
    bool is_answered = false;
    Durability durability = Durability::kNone;
  };

  std::string Last(const std::string& key, size_t upto) const;
  std::string JudgePrefix(const Content& content) const;
  std::string JudgeKeys(const Content& content, Durability promised) const;

  std::vector<std::string> keys_;
  Content base_;
  std::vector<Issued> issued_;
};

}  // namespace orrery

#endif  // ORRERY_TESTS_CORE_STORAGE_STORE_MODEL_H_
