#include "core/storage/record_reader.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/invariant.h"
#include "core/storage/record.h"

namespace orrery {

namespace {

// Where values are in a record, sibling by sibling, and what lies behind it.
// Spans are of what comes after the first `skip` bytes.
void AppendValues(const RecordHeader& header, ByteView record, size_t skip,
                  FieldSaver::PartsOf parts_of, std::vector<ByteSpan>* spans) {
  const auto add = [&](size_t from, size_t size) {
    const size_t end = from + size;
    from = std::max(from, skip);
    if (from < end) spans->push_back({from - skip, end - from});
  };
  const ValuePlace place = FindValue(header, record);
  std::vector<size_t> parts;
  if (parts_of != nullptr) parts_of(place.meta, header.value_len, &parts);
  size_t at = place.value.from;
  const size_t end = place.value.from + place.value.size;
  for (const size_t part : parts) {
    const size_t size = std::min(part, end - at);
    add(at, size);
    at += size;
  }
  add(at, end - at);
  // Up to the next record, and some of that.
  const size_t body = std::min(header.body_bytes(), record.size());
  add(body, record.size() - body);
}

}  // namespace

void RecordReader::Read(Request request, Turn& turn) {
  if (reads_.IsFull()) {  // RDR-3
    context_.replies.push_back({.ticket = request.ticket,
                                .status = StoreStatus::kBusy,
                                .meta = {},
                                .value = {},
                                .key = {},
                                .position = {}});
    return;
  }
  const uint16_t slot = request.entry.address.file_slot();
  files_.Pin(slot);
  const Handle handle = reads_.Create();
  reads_.Find(handle)->request = std::move(request);
  if (files_.EnsureOpen(slot, turn)) return Submit(handle, turn);
  waiting_[slot].push_back(handle);
}

void RecordReader::Submit(Handle handle, Turn& turn) {
  Reading& reading = *reads_.Find(handle);
  reading.since = turn.now();
  const RecordAddress address = reading.request.entry.address;
  const uint64_t have = reading.bytes.size();
  context_.disk.Emit({.part = StorePart::kReader,
                      .handle = handle,
                      .priority = DiskPriority::kRead},
                     {.verb = DiskVerb::kRead,
                      .file = context_.disk.NumberOfSlot(address.file_slot()),
                      .offset = address.offset() + have,
                      .length = address.bytes() - have},
                     turn);
}

void RecordReader::FindValues(const DiskDone& done,
                              FieldSaver::PartsOf parts_of,
                              std::vector<ByteSpan>* spans) const {
  const Reading* reading = reads_.Find(done.token.handle);
  if (reading == nullptr || done.data.empty()) return;
  const size_t skip = reading->bytes.size();
  ByteBuffer joined;
  ByteView all = done.data.view();
  if (skip != 0) {
    joined = reading->bytes;
    joined.insert(joined.end(), all.begin(), all.end());
    all = joined;
  }
  const RecordAddress address = reading->request.entry.address;
  const std::optional<RecordHeader> header = ParseRecordHeader(
      all, {files_.At(address.file_slot()).salt, address.offset()},
      context_.options.key_bytes_max);
  if (!header.has_value()) {
    const size_t from = std::max(kRecordHeaderBytes, skip);
    if (from < all.size()) spans->push_back({from - skip, all.size() - from});
    return;
  }
  AppendValues(*header, all, skip, parts_of, spans);
}

// What is kept of a record that came in parts began with a good header.
void RecordReader::Reading::Fields(FieldSaver& save) const {
  save(request, since, is_retry, is_dropping);
  std::vector<ByteSpan> values;
  if (bytes.size() >= kRecordHeaderBytes) {
    AppendValues(ReadRecordHeader(bytes), bytes, 0, save.options().parts_of,
                 &values);
  }
  save.SaveMixed(bytes, values);
}

void RecordReader::Reading::Fields(FieldLoader& load) {
  load(request, since, is_retry, is_dropping);
  const Bytes held = load.LoadMixed();
  bytes.assign(held.view().begin(), held.view().end());
}

void RecordReader::OnFileOpened(uint16_t slot, Turn& turn) {
  const auto found = waiting_.find(slot);
  if (found == waiting_.end()) return;
  const std::vector<Handle> handles = std::move(found->second);
  waiting_.erase(found);
  for (const Handle handle : handles) Submit(handle, turn);
}

void RecordReader::OnFileFailed(uint16_t slot, Turn& turn) {
  const auto found = waiting_.find(slot);
  if (found == waiting_.end()) return;
  const std::vector<Handle> handles = std::move(found->second);
  waiting_.erase(found);
  for (const Handle handle : handles) {
    Finish(handle, StoreStatus::kBusy, turn);
  }
}

void RecordReader::OnDiskDone(const DiskDone& done, Turn& turn) {
  const Handle handle = done.token.handle;
  Reading* reading = reads_.Find(handle);
  ORRERY_INVARIANT(reading != nullptr);
  if (reading->is_dropping) {
    reading->is_dropping = false;
    return Submit(handle, turn);
  }
  if (done.error != DiskError::kNone) return Retry(handle, turn);
  Bytes bytes = done.data;
  if (!reading->bytes.empty()) {
    reading->bytes.insert(reading->bytes.end(), bytes.view().begin(),
                          bytes.view().end());
    bytes = Bytes::CopyOf(reading->bytes);
  }
  const RecordAddress address = reading->request.entry.address;
  const DataFile& file = files_.At(address.file_slot());
  const std::optional<RecordHeader> header =
      ParseRecordHeader(bytes.view(), {file.salt, address.offset()},
                        context_.options.key_bytes_max);
  const bool is_whole =
      header.has_value() && header->body_bytes() <= bytes.size();
  if (!is_whole) {
    // A short read before the end is completed; nothing more is damage.
    const bool may_continue =
        !done.data.empty() && bytes.size() < address.bytes() &&
        (header.has_value() || bytes.size() < kRecordHeaderBytes);
    if (!may_continue) return Retry(handle, turn);
    reading->bytes.assign(bytes.view().begin(), bytes.view().end());
    return Submit(handle, turn);
  }
  if (!RecordHolds(*header, bytes.view()) ||
      header->seq != reading->request.entry.seq) {
    return Retry(handle, turn);
  }
  if (reading->bytes.empty() && !reading->is_retry) {
    times_.push_back(turn.now() - reading->since);
  }
  Answer(*reading, *header, bytes);
  files_.Unpin(address.file_slot(), turn);
  reads_.Destroy(handle);
}

// The record is whole: answers, if it is of this key (RDR-1).
void RecordReader::Answer(const Reading& reading, const RecordHeader& header,
                          const Bytes& bytes) {
  const RecordView view = ViewRecord(header, bytes.view());
  StoreReply reply{.ticket = reading.request.ticket,
                   .status = StoreStatus::kNotFound,
                   .suspect = reading.request.suspect,
                   .lost_stamp = reading.request.lost_stamp,
                   .meta = {},
                   .value = {},
                   .key = {},
                   .position = {}};
  const bool any_key = reading.request.key.empty();
  if (any_key || TextOf(view.key) == reading.request.key) {
    const auto slice = [&bytes](ByteView part) {
      if (part.empty()) return Bytes();
      return bytes.Slice(static_cast<size_t>(part.data() - bytes.data()),
                         part.size());
    };
    reply.status = header.deleted ? StoreStatus::kDeleted : StoreStatus::kOk;
    reply.seq = header.seq;
    reply.timestamp = header.timestamp;
    reply.digest = view.digest;
    reply.deleted = header.deleted;
    reply.meta = slice(view.meta);
    reply.value = slice(view.value);
    if (any_key) reply.key = TextOf(view.key);
  }
  context_.replies.push_back(std::move(reply));
}

// RDR-2.
void RecordReader::Retry(Handle handle, Turn& turn) {
  Reading& reading = *reads_.Find(handle);
  reading.bytes.clear();
  if (!reading.is_retry) {
    turn.effects.Mark("storage.read_again");
    reading.is_retry = true;
    reading.is_dropping = true;
    const uint16_t slot = reading.request.entry.address.file_slot();
    context_.disk.Emit({.part = StorePart::kReader,
                        .handle = handle,
                        .priority = DiskPriority::kRead},
                       {.verb = DiskVerb::kDropCache,
                        .file = context_.disk.NumberOfSlot(slot)},
                       turn);
    return;
  }
  turn.effects.Mark("storage.record_corrupt");
  const IndexEntry entry = reading.request.entry;
  damaged_.push_back({entry, files_.At(entry.address.file_slot()).id});
  Finish(handle, StoreStatus::kCorrupt, turn);
}

void RecordReader::Finish(Handle handle, StoreStatus status, Turn& turn) {
  const Reading& reading = *reads_.Find(handle);
  const uint16_t slot = reading.request.entry.address.file_slot();
  // A record found lost just now counts among them.
  const uint64_t lost_stamp =
      std::max(reading.request.lost_stamp, status == StoreStatus::kCorrupt
                                               ? reading.request.entry.timestamp
                                               : uint64_t{0});
  context_.replies.push_back({.ticket = reading.request.ticket,
                              .status = status,
                              .suspect = reading.request.suspect,
                              .lost_stamp = lost_stamp,
                              .meta = {},
                              .value = {},
                              .key = {},
                              .position = {}});
  reads_.Destroy(handle);
  files_.Unpin(slot, turn);
}

}  // namespace orrery
