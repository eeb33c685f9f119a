// Documents from nowhere good: nothing crashes, and what was accepted reads as nlohmann_json's own
// DOM reads it.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "fuzz_input.h"
#include "json/document.h"

namespace {

using sesame::testing::require;

using nlohmann::json;
using sesame::Bytes;

// Half a surrogate pair, or a number that no double holds.
bool may_only_be_json_to_us(Bytes text) {
  return text.find("\\ud") != Bytes::npos || text.find("\\uD") != Bytes::npos ||
         text.find_first_of("eE") != Bytes::npos || text.size() > 300;
}

bool is_inside(Bytes part, Bytes whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

json parse(Bytes text) { return json::parse(text.begin(), text.end(), nullptr, false); }

std::string escape_token(const std::string& name) {
  std::string token;
  for (const char c : name) {
    if (c == '~') {
      token += "~0";
    } else if (c == '/') {
      token += "~1";
    } else {
      token += c;
    }
  }
  return token;
}

// A number may be one that only the text holds exactly; everything else compares as a value.
void require_same(const json& value, Bytes text) {
  const json found = parse(text);
  require(!found.is_discarded() && found == value);
}

void check_members(Bytes text, const json& document) {
  std::vector<std::string> names;
  for (const auto& [name, value] : document.items()) {
    const std::optional<Bytes> found = sesame::find_value(text, "/" + escape_token(name));
    require(found.has_value());
    require(is_inside(*found, text));
    require_same(value, *found);
    names.push_back(name);

    if (!value.is_array()) continue;
    for (std::size_t i = 0; i < value.size() && i < 8; ++i) {
      const std::optional<Bytes> element =
          sesame::find_value(text, "/" + escape_token(name) + "/" + std::to_string(i));
      require(element.has_value() && is_inside(*element, *found));
      require_same(value[i], *element);
    }
    require(
        !sesame::find_value(text, "/" + escape_token(name) + "/" + std::to_string(value.size())));
  }

  const std::string whole = sesame::project(text, names);
  require(sesame::check_document(whole) == sesame::Status::kOk);
  require_same(document, whole);
  require(sesame::project(whole, names) == whole);
  require(sesame::have_same_members(whole, text) && sesame::have_same_members(text, whole));

  if (names.empty()) return;
  const std::string dropped = names.back();
  names.pop_back();
  json rest = document;
  rest.erase(dropped);
  const std::string part = sesame::project(text, names);
  require_same(rest, part);
  require(!sesame::have_same_members(part, text) && !sesame::have_same_members(text, part));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const sesame::Status status = sesame::check_document(text);
  const std::vector<std::string> pointers = {"/id", "/a/0/b", ""};

  // What nlohmann_json accepts is JSON, but for a byte-order mark and what follows a NUL. What it
  // does not may still be: see the differences that document.cc names.
  const json document = parse(text);
  const bool has_foreign_bytes =
      text.find('\0') != std::string::npos || (!text.empty() && text.front() == '\xef');
  if (!document.is_discarded() && !has_foreign_bytes) {
    require(status != sesame::Status::kNotJson);
    if (status != sesame::Status::kTooDeep) {
      require(document.is_object() == (status == sesame::Status::kOk));
    }
  }
  if (has_foreign_bytes) require(status != sesame::Status::kOk);
  if (document.is_discarded() && !may_only_be_json_to_us(text)) {
    require(status == sesame::Status::kNotJson || status == sesame::Status::kTooDeep);
  }

  // The scan stays inside any text; of text that is no document it promises nothing else.
  for (const std::string& pointer : pointers) {
    const std::optional<Bytes> found = sesame::find_value(text, pointer);
    require(!found || is_inside(*found, text));
  }
  (void)sesame::find_user_id(text, pointers);
  (void)sesame::have_same_members(text, text);
  (void)sesame::project(text, {"id", "a"});

  if (status != sesame::Status::kOk) return 0;
  require(sesame::have_same_members(text, text));
  require(sesame::check_document(sesame::project(text, {"id", "a"})) == sesame::Status::kOk);
  const std::optional<Bytes> id = sesame::find_value(text, "/id");
  require(
      sesame::find_user_id(text, {"/id"}).has_value() ==
      (id && *id != "\"\"" &&
       (id->front() == '"' || id->front() == '-' || (id->front() >= '0' && id->front() <= '9'))));
  if (!document.is_discarded()) check_members(text, document);
  return 0;
}
