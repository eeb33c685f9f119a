// Documents as applications have them, made from a seed: for the codec's tests and its fuzz target.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace sesame::test {

class DocumentMaker {
 public:
  explicit DocumentMaker(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 1) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  std::uint64_t below(std::uint64_t limit) { return next() % limit; }
  bool chance(unsigned percent) { return below(100) < percent; }

  std::string padded(std::uint64_t number, std::size_t digits) {
    std::string text = std::to_string(number);
    return std::string(text.size() < digits ? digits - text.size() : 0, '0') + text;
  }
  std::string hex(std::size_t digits) {
    std::string text;
    while (text.size() < digits) text += "0123456789abcdef"[below(16)];
    return text;
  }
  std::string uuid() {
    return hex(8) + "-" + hex(4) + "-4" + hex(3) + "-a" + hex(3) + "-" + hex(12);
  }
  std::string time(bool recent) {
    const std::uint64_t year = recent ? 2025 : 2019 + below(7);
    const std::uint64_t month = recent ? 5 + below(2) : 1 + below(12);
    return std::to_string(year) + "-" + padded(month, 2) + "-" + padded(1 + below(28), 2) + "T" +
           padded(below(24), 2) + ":" + padded(below(60), 2) + ":" + padded(below(60), 2) + "." +
           padded(below(1000), 3) + "Z";
  }
  template <std::size_t kCount>
  std::string pick(const std::array<const char*, kCount>& from) {
    return from[below(kCount)];
  }
  std::string syllables(std::size_t count) {
    static constexpr std::array<const char*, 16> kParts = {"an",  "be", "ro", "li", "ma",  "ter",
                                                           "son", "ka", "el", "vi", "sha", "do",
                                                           "mi",  "ra", "tu", "ne"};
    std::string text;
    for (; count > 0; --count) text += pick(kParts);
    return text;
  }

  struct Person {
    std::string name, email;
  };
  Person person() {
    static constexpr std::array<const char*, 12> kArabic = {"محمد", "فاطمة", "عبدالله", "نورة",
                                                            "خالد", "سارة",  "إبراهيم", "ليلى",
                                                            "يوسف", "هند",   "طارق",    "مريم"};
    static constexpr std::array<const char*, 8> kFamilies = {
        "العتيبي", "القحطاني", "الغامدي", "حداد", "الأحمد", "المصري", "بن سعيد", "خليل"};
    static constexpr std::array<const char*, 6> kDomains = {
        "gmail.com", "outlook.com", "hotmail.com", "icloud.com", "company.io", "mail.sa"};
    std::string first = syllables(2);
    std::string last = syllables(2 + below(2));
    const std::string mailbox =
        first + "." + last + (chance(40) ? std::to_string(below(100)) : std::string());
    first[0] = static_cast<char>(first[0] - 0x20);
    last[0] = static_cast<char>(last[0] - 0x20);
    if (chance(40)) {
      first = pick(kArabic);
      last = pick(kFamilies);
    }
    return {first + " " + last, mailbox + "@" + pick(kDomains)};
  }
  std::string flag(unsigned percent) { return chance(percent) ? "true" : "false"; }

  /// About 490 bytes.
  std::string profile() {
    static constexpr std::array<const char*, 3> kRoles = {"user", "editor", "admin"};
    static constexpr std::array<const char*, 3> kPlans = {"free", "pro", "team"};
    static constexpr std::array<const char*, 6> kLocales = {"ar-SA", "ar-EG", "en-US",
                                                            "de-DE", "fr-FR", "tr-TR"};
    static constexpr std::array<const char*, 6> kZones = {"Asia/Riyadh",      "Africa/Cairo",
                                                          "America/New_York", "Europe/Berlin",
                                                          "Europe/Paris",     "Europe/Istanbul"};
    const std::string id = uuid();
    const Person who = person();
    return R"({"id":")" + id + R"(","email":")" + who.email + R"(","emailVerified":)" + flag(90) +
           R"(,"name":")" + who.name + R"(","avatarUrl":"https://cdn.example.com/avatars/)" + id +
           R"(.png","role":")" + pick(kRoles) + R"(","plan":")" + pick(kPlans) + R"(","locale":")" +
           pick(kLocales) + R"(","timezone":")" + pick(kZones) + R"(","createdAt":")" +
           time(false) + R"(","lastLoginAt":")" + time(true) + R"(","twoFactorEnabled":)" +
           flag(30) + R"(,"marketingOptIn":)" + flag(40) +
           R"(,"deletedAt":null,"preferences":{"theme":")" + (chance(60) ? "dark" : "light") +
           R"(","notifications":{"email":)" + flag(70) + R"(,"push":)" + flag(50) + "}}}";
  }

  /// Integers, hexadecimal digits, an array, nulls among strings, and spaces.
  std::string account() {
    static constexpr std::array<const char*, 4> kScopes = {R"(["read"])", R"(["read","write"])",
                                                           R"([])", R"(["read","admin:all"])"};
    const std::string number = std::to_string(100000 + below(4000000));
    return R"({ "data": {"number": )" + number + R"(, "_id": ")" + hex(24) +
           R"(", "phone": "+9665)" + padded(below(100000000), 8) + R"(", "picture": )" +
           (chance(40) ? "null" : "\"https://files.example.com/u/" + number + "/p.jpg\"") +
           R"(, "scopes": )" + pick(kScopes) + R"(, "balance": )" + std::to_string(below(1000)) +
           "." + padded(below(100), 2) + R"(, "name": ")" + person().name + "\"} }";
  }

  /// Of all sorts, and now and then an odd one.
  std::string any() {
    std::string document = chance(60) ? profile() : account();
    if (chance(4)) document.insert(below(document.size()), 1, static_cast<char>(below(256)));
    if (chance(2)) document.erase(below(document.size()), 1 + below(20));
    if (chance(1)) document = "{\"" + hex(6) + "\":" + std::to_string(below(1000)) + "}";
    return document;
  }

 private:
  std::uint64_t state_;
};

}  // namespace sesame::test
