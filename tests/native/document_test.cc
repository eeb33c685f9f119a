// Documents: what is one, whose it is, and its top-level members.
#include "json/document.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

namespace sesame {
namespace {

std::string nested(std::size_t depth, Bytes open, Bytes inside, Bytes close) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) text += open;
  text += inside;
  for (std::size_t i = 0; i < depth; ++i) text += close;
  return text;
}

std::string in_object(Bytes value) { return "{\"a\":" + std::string(value) + "}"; }

TEST_CASE("R13: a JSON object is a document") {
  for (const Bytes text :
       {"{}", " \t\r\n{ \t\r\n} \t\r\n", R"({"a":1})", R"({"a":[],"b":{},"c":[[{}]]})",
        R"({"":""})", R"({"a":1,"a":2})", R"({ "a" : true , "b" : false , "c" : null })",
        R"({"a":"\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00"})", "{\"name\":\"أمل ✓ 😀\"}",
        "{\"a\":\"\x7f\"}", "{\"a\":\"\xf4\x8f\xbf\xbf\"}"}) {
    CAPTURE(text);
    CHECK(check_document(text) == Status::kOk);
  }
}

TEST_CASE("R13: JSON that is not an object is not a document") {
  for (const Bytes text : {"[]", "[{}]", "1", "-0", "1e999", "\"{}\"", "true", "null", " null "}) {
    CAPTURE(text);
    CHECK(check_document(text) == Status::kNotObject);
  }
}

TEST_CASE("R13: what RFC 8259 does not allow is not JSON") {
  for (const Bytes text : {"",
                           " ",
                           "{",
                           "}",
                           "{}}",
                           "{}{}",
                           "{} x",
                           "{},",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{,}",
                           "{\"a\" 1}",
                           "{a:1}",
                           "{'a':1}",
                           "{1:1}",
                           "{\"a\":1 \"b\":2}",
                           "{\"a\":[1,]}",
                           "{\"a\":[1 2]}",
                           "{\"a\":[}",
                           "{\"a\":{]}",
                           "[1",
                           "[1}",
                           "nul",
                           "tru",
                           "True",
                           "NaN",
                           "Infinity",
                           "undefined",
                           "{\"a\":1}//x",
                           "/**/{}",
                           "{}\f",
                           "\v{}",
                           "{\"a\":\"b}",
                           "{\"a\":\"\\x\"}",
                           "{\"a\":\"\\u12g4\"}",
                           "{\"a\":\"\\u123\"}",
                           "{\"a\":\"\\ud\"}",
                           "{\"a\":\"\\uDg00\"}",
                           "{\"a\":\"\\\"}",
                           "{\"a\":\"\t\"}",
                           "{\"a\":\"\n\"}",
                           "{\"a\":\"\x1f\"}",
                           "<html>",
                           "{\"a\":\xc2\xa0 1}"}) {
    CAPTURE(text);
    CHECK(check_document(text) == Status::kNotJson);
  }
}

TEST_CASE("R13: numbers follow the grammar, whatever their size") {
  for (const Bytes number : {"0",       "-0",     "9",
                             "-1",      "10",     "1234567890123456789012345678901234567890",
                             "0.0",     "0.05",   "0.00000000000000000000000001",
                             "1.10",    "1e5",    "1E+5",
                             "1e-5",    "1e05",   "1e00000000005",
                             "0e0",     "1.5e10", "1e999",
                             "-1e999",  "1e-999", "1e99999999999999999999",
                             "-0.0e-00"}) {
    CAPTURE(number);
    CHECK(check_document(in_object(number)) == Status::kOk);
  }
  const std::string huge(1000, '9');
  CHECK(check_document(in_object(huge)) == Status::kOk);
  CHECK(check_document(in_object(huge + "." + huge + "e" + huge)) == Status::kOk);
  for (const Bytes number :
       {"00",  "01",  "001", "0123456", "-",     "-01",   "-00",        "--1",
        "+1",  ".5",  "1.",  "1.e5",    "1e",    "1e+",   "1e5.5",      "1.5.5",
        "0x1", "1 2", "12a", "123a",    "1_000", "1e5e5", "1234567890-"}) {
    CAPTURE(number);
    CHECK(check_document(in_object(number)) == Status::kNotJson);
  }
}

TEST_CASE("R13: half a surrogate pair as an escape is JSON, as bytes it is not UTF-8") {
  for (const Bytes string : {R"("\ud83d")", R"("\uDE00")", R"("\ud83dx")", R"("\ud83d\n")",
                             R"("\ud83d\ud83d")", R"("\ude00\ud83d")", R"("\uDFFF\uD800\uDC00")"}) {
    CAPTURE(string);
    CHECK(check_document(in_object(string)) == Status::kOk);
    CHECK(check_document("{" + std::string(string) + ":1}") == Status::kOk);
  }
  CHECK(check_document(in_object("\"\xed\xa0\xbd\"")) == Status::kNotJson);
}

TEST_CASE("R13: invalid UTF-8 is not JSON, inside strings or outside") {
  for (const Bytes bytes :
       {"\x80", "\xbf", "\xc0\xaf", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x80\xaf", "\xe2\x82",
        "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x80\x80\xaf", "\xf0\x9f\x98", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe", "\xff"}) {
    CAPTURE(bytes);
    CHECK(check_document(in_object("\"" + std::string(bytes) + "\"")) == Status::kNotJson);
    CHECK(check_document("{\"" + std::string(bytes) + "\":1}") == Status::kNotJson);
    CHECK(check_document("{}" + std::string(bytes)) == Status::kNotJson);
  }
}

TEST_CASE("R13: a byte-order mark is not JSON") {
  CHECK(check_document("\xef\xbb\xbf{}") == Status::kNotJson);
  CHECK(check_document("\xef\xbb{}") == Status::kNotJson);
  CHECK(check_document("\xef") == Status::kNotJson);
  CHECK(check_document("{\"a\":\"\xef\xbb\xbf\"}") == Status::kOk);
}

TEST_CASE("R13: a NUL byte ends nothing") {
  CHECK(check_document(Bytes("{}\0", 3)) == Status::kNotJson);
  CHECK(check_document(Bytes("{}\0garbage", 10)) == Status::kNotJson);
  CHECK(check_document(Bytes("\0{}", 3)) == Status::kNotJson);
  CHECK(check_document(Bytes("{\"a\":\"\0\"}", 9)) == Status::kNotJson);
  CHECK(check_document(Bytes("{\"a\":1\0}", 8)) == Status::kNotJson);
}

TEST_CASE("R44: documents are refused past the greatest depth, however deep they go on") {
  const auto objects = [](std::size_t depth) { return nested(depth - 1, "{\"a\":", "{}", "}"); };
  CHECK(check_document(objects(kMaxDepth)) == Status::kOk);
  CHECK(check_document(objects(kMaxDepth + 1)) == Status::kTooDeep);
  CHECK(check_document(in_object(nested(kMaxDepth - 1, "[", "", "]"))) == Status::kOk);
  CHECK(check_document(in_object(nested(kMaxDepth, "[", "", "]"))) == Status::kTooDeep);
  CHECK(check_document(std::string(1'000'000, '[')) == Status::kTooDeep);
  CHECK(check_document(nested(1'000'000, "{\"a\":", "1", "}")) == Status::kTooDeep);
  // Many beside each other are not deep.
  CHECK(check_document("{\"a\":[" + nested(10'000, "[],", "[]", "") + "]}") == Status::kOk);
}

TEST_CASE("R7: a value is found as it was written") {
  const std::string text =
      R"( { "id" : "7" , "n":1e999,"name":{"first":"\u0041mal" , "last":"ا"},)"
      R"("tags":[ "a" , {"b":[10,20]} ],"t":true,"f":false,"z":null,"e":{},"s":"]}," } )";
  REQUIRE(check_document(text) == Status::kOk);
  CHECK(find_value(text, "/id") == R"("7")");
  CHECK(find_value(text, "/n") == "1e999");
  CHECK(find_value(text, "/name") == R"({"first":"\u0041mal" , "last":"ا"})");
  CHECK(find_value(text, "/name/first") == R"("\u0041mal")");
  CHECK(find_value(text, "/name/last") == R"("ا")");
  CHECK(find_value(text, "/tags") == R"([ "a" , {"b":[10,20]} ])");
  CHECK(find_value(text, "/tags/0") == R"("a")");
  CHECK(find_value(text, "/tags/1/b/1") == "20");
  CHECK(find_value(text, "/t") == "true");
  CHECK(find_value(text, "/f") == "false");
  CHECK(find_value(text, "/z") == "null");
  CHECK(find_value(text, "/e") == "{}");
  CHECK(find_value(text, "/s") == R"("]},")");
  CHECK(find_value(text, "") == Bytes(text).substr(1, text.size() - 2));
}

TEST_CASE("R7: what is not there is not found") {
  const Bytes text = R"({"a":[1,2],"b":"x","":{"":3}})";
  for (const Bytes pointer :
       {"/c", "a", "a/0", "/a/2", "/a/-", "/a/-1", "/a/+1", "/a/01", "/a/", "/a/0/0", "/a/1x",
        "/a/99999999999999999999999", "/b/0", "/b/x", "/a/length", "/A", "/~", "/~2", "/a~"}) {
    CAPTURE(pointer);
    CHECK_FALSE(find_value(text, pointer));
  }
  CHECK(find_value(text, "/") == R"({"":3})");
  CHECK(find_value(text, "//") == "3");
  CHECK_FALSE(find_value("{}", "/a"));
  CHECK_FALSE(find_value(R"({"a":[]})", "/a/0"));
}

TEST_CASE("R7: pointers follow RFC 6901 section 5") {
  const Bytes text = R"({"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,)"
                     R"("g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8})";
  CHECK(find_value(text, "") == text);
  CHECK(find_value(text, "/foo") == R"(["bar","baz"])");
  CHECK(find_value(text, "/foo/0") == R"("bar")");
  CHECK(find_value(text, "/") == "0");
  CHECK(find_value(text, "/a~1b") == "1");
  CHECK(find_value(text, "/c%d") == "2");
  CHECK(find_value(text, "/e^f") == "3");
  CHECK(find_value(text, "/g|h") == "4");
  CHECK(find_value(text, "/i\\j") == "5");
  CHECK(find_value(text, "/k\"l") == "6");
  CHECK(find_value(text, "/ ") == "7");
  CHECK(find_value(text, "/m~0n") == "8");
  CHECK(find_value(R"({"~1":1})", "/~01") == "1");
}

TEST_CASE("R7: of duplicate names the last counts, at every level") {
  const Bytes text = R"({"a":1,"b":{"c":2,"c":3},"a":4,"b":{"c":5,"\u0063":6}})";
  CHECK(find_value(text, "/a") == "4");
  CHECK(find_value(text, "/b/c") == "6");
}

TEST_CASE("R7: names are compared decoded") {
  const Bytes text = R"({"\u0069d":1,"\uD83D\uDE00":2,"t\tn\n":3,"\ud83d":4,"\u00E9":5,"\/":6})";
  REQUIRE(check_document(text) == Status::kOk);
  CHECK(find_value(text, "/id") == "1");
  CHECK(find_value(text, "/\xf0\x9f\x98\x80") == "2");
  CHECK(find_value(text, "/t\tn\n") == "3");
  CHECK(find_value(text, "/\xef\xbf\xbd") == "4");
  CHECK(find_value(text, "/\xc3\xa9") == "5");
  CHECK(find_value(text, "/~1") == "6");
  CHECK_FALSE(find_value(text, "/\\u0069d"));
}

TEST_CASE("R23: the user is the first pointer's string or number") {
  const std::vector<std::string> pointers = {"/id", "/user/id", "/sub"};
  CHECK(find_user_id(R"({"id":"u1","sub":"u2"})", pointers) == "su1");
  CHECK(find_user_id(R"({"sub":"u2","user":{"id":7}})", pointers) == "n7");
  CHECK(find_user_id(R"({"id":"","sub":"u2"})", pointers) == "su2");
  CHECK(find_user_id(R"({"id":null,"user":{"id":true},"sub":["x"]})", pointers) == std::nullopt);
  CHECK(find_user_id(R"({"id":{},"sub":"u2"})", pointers) == "su2");
  CHECK(find_user_id(R"({"name":"x"})", pointers) == std::nullopt);
  CHECK(find_user_id(R"({"id":"u1"})", {}) == std::nullopt);
  // Pointers that begin alike, among others, and a member that is named twice: the last counts.
  const std::vector<std::string> places = {"/me/id", "/me/uid", "/x~1y/0/id", "/me/0/id"};
  CHECK(find_user_id(R"({"me":{"uid":"u1"},"x/y":[{"id":"u2"}]})", places) == "su1");
  CHECK(find_user_id(R"({"x/y":[{"id":"u2"}],"me":[{"id":"u3"}]})", places) == "su2");
  CHECK(find_user_id(R"({"me":[{"id":"u3"}]})", places) == "su3");
  CHECK(find_user_id(R"({"me":{"id":"u1"},"m\u0065":{"id":"u4"}})", places) == "su4");
}

TEST_CASE("R23: a string and a number that look alike are two users") {
  CHECK(find_user_id(R"({"id":"7"})", {"/id"}) != find_user_id(R"({"id":7})", {"/id"}));
  CHECK(find_user_id(R"({"id":"n7"})", {"/id"}) != find_user_id(R"({"id":7})", {"/id"}));
}

TEST_CASE("R23: escapes do not make another user") {
  CHECK(find_user_id(R"({"id":"\u0061\u00e9\ud83d\ude00"})", {"/id"}) ==
        "sa\xc3\xa9\xf0\x9f\x98\x80");
  CHECK(find_user_id(R"({"id":"a\/b\\\"\b\f\n\r\t"})", {"/id"}) == "sa/b\\\"\b\f\n\r\t");
  CHECK(find_user_id(R"({"id":"\u0000"})", {"/id"}) == std::string("s\0", 2));
}

TEST_CASE("R23: another way to write a whole number does not make another user") {
  struct Example {
    Bytes number;
    Bytes id;
  };
  for (const auto& [number, id] : std::vector<Example>{
           {"7", "n7"},
           {"7.0", "n7"},
           {"7.000e0", "n7"},
           {"70e-1", "n7"},
           {"0.7e1", "n7"},
           {"0.0007E+4", "n7"},
           {"-7", "n-7"},
           {"0", "n0"},
           {"-0", "n0"},
           {"0e999999999999999999999999", "n0"},
           {"1e3", "n1000"},
           {"9007199254740993", "n9007199254740993"},
           {"18446744073709551615", "n18446744073709551615"},
           {"1844674407370955161.5e1", "n18446744073709551615"},
           {"18446744073709551616", "n18446744073709551616"},
           {"18446744073709551615e1", "n18446744073709551615e1"},
           {"123456789012345678901234567890", "n123456789012345678901234567890"},
           {"7.5", "n7.5"},
           {"7e-1", "n7e-1"},
           {"1e999", "n1e999"},
       }) {
    CAPTURE(number);
    CHECK(find_user_id(in_object(number), {"/a"}) == id);
  }
}

TEST_CASE("R22: documents have the same members if neither has one that the other lacks") {
  const Bytes before = R"({"id":1,"name":"a"})";
  CHECK(have_same_members(R"({"id":1,"name":"b"})", before));
  CHECK(have_same_members(R"( {"name":[{"x":1}],"id":null} )", before));
  CHECK(have_same_members(R"({"\u0069d":1,"n\u0061me":"b"})", before));
  CHECK(have_same_members("{}", "{}"));
  for (const Bytes other : {R"({"ok":true})", R"({"id":1})", R"({"id":1,"Name":"b"})",
                            R"({"id":1,"name":"b","z":0})", R"({"data":{"id":1,"name":"b"}})", "{}",
                            R"({"id":1,"name":{}})", R"({"id":1,"id":2,"name":"b"})"}) {
    CAPTURE(other);
    CHECK_FALSE(have_same_members(other, before));
    CHECK_FALSE(have_same_members(before, other));
  }
}

TEST_CASE("R22: the objects in two documents have the same members, too") {
  const Bytes before = R"({"id":1,"plan":{"seats":{"used":1,"of":2},"tags":[{"a":1}]}})";
  CHECK(have_same_members(R"({"plan":{"tags":[],"seats":{"of":9,"used":9}},"id":2})", before));
  for (const Bytes other : {R"({"id":1,"plan":{"seats":{"used":1},"tags":[]}})",
                            R"({"id":1,"plan":{"seats":{"used":1,"of":2,"x":0},"tags":[]}})",
                            R"({"id":1,"plan":{"seats":7,"tags":[]}})",
                            R"({"id":1,"plan":{"seats":{"used":1,"of":2},"tags":{}}})"}) {
    CAPTURE(other);
    CHECK_FALSE(have_same_members(other, before));
    CHECK_FALSE(have_same_members(before, other));
  }
}

TEST_CASE("R22: many members are compared in little time") {
  std::string forward = "{\"x\":0";
  std::string backward = "{\"x\":0";
  constexpr int kMembers = 50'000;
  for (int i = 0; i < kMembers; ++i) {
    forward += ",\"\\u006d" + std::to_string(i) + "\":1";
    backward += ",\"m" + std::to_string(kMembers - 1 - i) + "\":1";
  }
  CHECK(have_same_members(forward + "}", backward + "}"));
  CHECK_FALSE(have_same_members(forward + "}", backward + ",\"more\":1}"));
}

TEST_CASE("R14: only the named members are kept, in their order and byte for byte") {
  const Bytes text = R"( { "id" : 1.0 , "secret":"x", "name" : { "b" : [ 1 ] , "secret" : 2 } , )"
                     R"("n\u0061me2":"\u00e9" } )";
  CHECK(project(text, {"name", "id"}) == R"({"id":1.0,"name":{ "b" : [ 1 ] , "secret" : 2 }})");
  CHECK(project(text, {"name2"}) == R"({"n\u0061me2":"\u00e9"})");
  CHECK(project(text, {"n\\u0061me2"}) == "{}");
  CHECK(project(text, {"secret"}) == R"({"secret":"x"})");
  CHECK(project(text, {"b"}) == "{}");
  CHECK(project(text, {}) == "{}");
  CHECK(project("{}", {"id"}) == "{}");
}

TEST_CASE("R14: of a member named twice both stay, so that the last still counts") {
  CHECK(project(R"({"a":1,"b":2,"a":3})", {"a"}) == R"({"a":1,"a":3})");
}

}  // namespace
}  // namespace sesame
