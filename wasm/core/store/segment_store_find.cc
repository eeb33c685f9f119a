// The one call on the store that nearly every request makes: apart, to be compiled for speed.
#include "store/segment_store.h"

namespace sesame {

bool SegmentStore::find(const Key& key, TimeMs now, EntryView* found, Want want) {
  set_now(now);
  if (is_closed()) return false;
  SegmentIndex::Slot* const slot = index_.find(key);
  if (slot == nullptr) return false;
  const Location location = index_.location(*slot);
  char* const entry = log_.at(location);
  const EntryHeader header = read_header(entry);
  if (header.use < kMaxUse) write_use(entry, static_cast<std::uint8_t>(header.use + 1));
  found->info = log_.info(location, header);
  if (want != Want::kAll) return true;

  const bool is_raw = header.shape == kRawShape;
  const Bytes payload = log_.payload(location, header, is_raw ? output_ : scratch_);
  found->meta = payload.substr(0, header.meta_bytes);
  found->body = payload.substr(header.meta_bytes);
  if (!is_raw) {
    found->body = {output_.data(), codec_->decode(header.shape, found->body, output_)};
  }
  return true;
}

}  // namespace sesame
