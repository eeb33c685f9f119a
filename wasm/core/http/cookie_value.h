// What a session cookie's value is to the back ends that read it: one text for every spelling (rule
// R3).
// Invariants: spellings that some common reader takes for the same value have the same text; a
// value of which two readers could see different parts is told to be unreadable.
#pragma once

#include <cstddef>
#include <memory>

#include "base/types.h"
#include "http/ambiguity.h"

namespace sesame {

/// Room for values that have to be decoded, used again and again. Its owner wipes it when what it
/// holds is no longer needed: it holds credentials (rule R2).
class CredentialScratch {
 public:
  CredentialScratch() = default;
  CredentialScratch(const CredentialScratch&) = delete;
  CredentialScratch& operator=(const CredentialScratch&) = delete;
  ~CredentialScratch() { wipe(); }

  /// Room for `capacity` bytes in all. REQUIRES: wiped since it was last filled.
  void reserve(std::size_t capacity);
  /// REQUIRES: there is room for it.
  void push(char c) { bytes_[used_++] = c; }
  void wipe() {
    if (used_ > 0) overwrite();
  }

  Bytes filled() const { return {bytes_.get(), used_}; }
  bool is_used() const { return used_ > 0; }

 private:
  void overwrite();

  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t used_ = 0;
};

/// Why a value, without the white space around it, is no credential; kNone if it is one. Readable
/// is what RFC 6265 section 4.1.1 allows, with spaces and backslashes inside of quotes.
Ambiguity fault_of_value(Bytes value);

/// True if some reader may see another text than `value`. REQUIRES: it is not empty and has no
/// fault.
bool has_spellings(Bytes value);

/// Appends what readers make of it: without its quotes and the backslashes inside of them, its
/// percent-escapes decoded where they are valid, once, and every space a '+', which some readers
/// take for one. It never grows. REQUIRES: `value` has no fault.
void append_decoded(Bytes value, CredentialScratch* to);

}  // namespace sesame
