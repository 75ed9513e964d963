#include "client/rpc/proxy.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <vector>

#include "absl/strings/escaping.h"
#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb::rpc {
namespace {

constexpr uint16_t kProxyPortDefault = 1080;

// The bytes of an IP address: 4, 16, or none when `text` is no address. IPv4 in IPv6 counts as IPv4.
std::vector<uint8_t> AddressBytes(std::string_view text) {
  std::string copy(text);
  std::array<uint8_t, 16> bytes{};
  if (::inet_pton(AF_INET, copy.c_str(), bytes.data()) == 1) return {bytes.begin(), bytes.begin() + 4};
  if (::inet_pton(AF_INET6, copy.c_str(), bytes.data()) != 1) return {};
  constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  bool mapped = std::equal(kMapped.begin(), kMapped.end(), bytes.begin());
  return {bytes.begin() + (mapped ? 12 : 0), bytes.end()};
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return lower;
}

// A name as it is compared: lower case, without the dot of the root.
std::string PlainName(std::string_view name) {
  std::string plain = Lower(name);
  if (plain.ends_with('.')) plain.pop_back();
  return plain;
}

std::optional<uint32_t> ParseNumber(std::string_view text, uint32_t most) {
  uint32_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

bool IsInNetwork(const std::vector<uint8_t>& address, std::string_view network, std::string_view bits_text) {
  std::vector<uint8_t> base = AddressBytes(network);
  std::optional<uint32_t> bits = ParseNumber(bits_text, static_cast<uint32_t>(base.size() * 8));
  if (base.empty() || base.size() != address.size() || !bits.has_value()) return false;
  for (uint32_t i = 0; i < *bits; ++i) {
    uint8_t mask = static_cast<uint8_t>(0x80 >> (i % 8));
    if (((base[i / 8] ^ address[i / 8]) & mask) != 0) return false;
  }
  return true;
}

// Whether one entry of no_proxy means `target`.
bool EntryMatches(std::string_view entry, const HostPort& target) {
  if (entry == "*") return true;
  const std::vector<uint8_t> address = AddressBytes(target.host);
  if (size_t slash = entry.find('/'); slash != entry.npos) {
    return !address.empty() && IsInNetwork(address, entry.substr(0, slash), entry.substr(slash + 1));
  }
  std::string_view host = entry;
  if (AddressBytes(entry).empty()) {
    size_t colon = entry.rfind(':');
    if (colon != entry.npos && !entry.ends_with(']')) {
      std::optional<uint32_t> port = ParseNumber(entry.substr(colon + 1), 65535);
      if (!port.has_value() || *port != target.port) return false;
      host = entry.substr(0, colon);
    }
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  }
  if (!address.empty()) return AddressBytes(host) == address;
  if (host.starts_with('*')) host.remove_prefix(1);
  if (host.starts_with('.')) host.remove_prefix(1);
  std::string wanted = PlainName(host);
  std::string name = PlainName(target.host);
  return !wanted.empty() && (name == wanted || name.ends_with("." + wanted));
}

bool IsExempt(std::string_view list, const HostPort& target) {
  constexpr std::string_view kBetween = ", \t";
  while (true) {
    size_t begin = list.find_first_not_of(kBetween);
    if (begin == list.npos) return false;
    size_t end = std::min(list.find_first_of(kBetween, begin), list.size());
    if (EntryMatches(list.substr(begin, end - begin), target)) return true;
    list.remove_prefix(end);
  }
}

// The first of `names` that is set to something, and its value.
std::optional<std::pair<std::string, std::string>> First(std::initializer_list<const char*> names,
                                                         const EnvironmentVariable& variable) {
  for (const char* name : names) {
    std::optional<std::string> value = variable(name);
    if (value.has_value() && !value->empty()) return std::pair(std::string(name), *std::move(value));
  }
  return std::nullopt;
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::string PercentDecode(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    bool escape = text[i] == '%' && i + 2 < text.size() && HexValue(text[i + 1]) >= 0 && HexValue(text[i + 2]) >= 0;
    decoded += escape ? static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2])) : text[i];
    if (escape) i += 2;
  }
  return decoded;
}

// Says nothing of the value, which may hold a password.
absl::Status BadProxy(std::string_view variable, std::string_view why) {
  return WithErrorClass(InvalidArgument(fmt::format(
                            "{} holds no proxy that plumb can use: {}; expected [http://]host[:port]", variable, why)),
                        ErrorClass::kUsage);
}

absl::StatusOr<Proxy> ParseProxy(const std::string& variable, std::string_view url) {
  Proxy proxy;
  proxy.variable = variable;
  if (size_t scheme = url.find("://"); scheme != url.npos) {
    if (Lower(url.substr(0, scheme)) != "http") {
      return BadProxy(variable, fmt::format("it is of the kind {}", Lower(url.substr(0, scheme))));
    }
    url.remove_prefix(scheme + 3);
  }
  url = url.substr(0, url.find('/'));
  if (size_t at = url.rfind('@'); at != url.npos) {
    proxy.credentials = PercentDecode(url.substr(0, at));
    url.remove_prefix(at + 1);
  }
  bool has_port = url.rfind(':') != url.npos && !url.ends_with(']') && AddressBytes(url).empty();
  absl::StatusOr<HostPort> address =
      SplitHostPort(has_port ? std::string(url) : fmt::format("{}:{}", url, kProxyPortDefault));
  if (!address.ok() || address->host.empty()) return BadProxy(variable, "it has no host, or a port that is none");
  proxy.host = address->host;
  proxy.port = address->port;
  return proxy;
}

}  // namespace

absl::StatusOr<HostPort> SplitHostPort(std::string_view text) {
  size_t colon = text.rfind(':');
  std::optional<uint32_t> port = colon == text.npos ? std::nullopt : ParseNumber(text.substr(colon + 1), 65535);
  if (!port.has_value()) return InvalidArgument(fmt::format("\"{}\" is not host:port", text));
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return HostPort{.host = std::string(host), .port = static_cast<uint16_t>(*port)};
}

bool IsLoopbackHost(std::string_view host) {
  std::string name = PlainName(host);
  if (name == "localhost" || name.ends_with(".localhost")) return true;
  std::vector<uint8_t> address = AddressBytes(name);
  // `127.1` is the resolver's short form.
  if (address.empty()) return name.starts_with("127.") && name.find_first_not_of("0123456789.") == name.npos;
  if (std::all_of(address.begin(), address.end(), [](uint8_t byte) { return byte == 0; })) return true;
  if (address.size() == 4) return address[0] == 127;
  return address.back() == 1 && std::all_of(address.begin(), address.end() - 1, [](uint8_t byte) { return byte == 0; });
}

std::string Proxy::Address() const {
  return host.find(':') == host.npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

std::string ProxyAuthorization(const Proxy& proxy) {
  if (proxy.credentials.empty()) return "";
  return "Proxy-Authorization:Basic " + absl::Base64Escape(proxy.credentials);
}

absl::StatusOr<std::optional<Proxy>> ChooseProxy(const HostPort& target, bool tls,
                                                 const EnvironmentVariable& variable) {
  if (IsLoopbackHost(target.host)) return std::optional<Proxy>();
  // Upper case HTTP_PROXY is what a CGI program gets from a request's header `Proxy:`.
  auto named = tls ? First({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}, variable)
                   : First({"http_proxy", "all_proxy", "ALL_PROXY"}, variable);
  if (!named.has_value()) return std::optional<Proxy>();
  auto exempt = First({"no_proxy", "NO_PROXY"}, variable);
  if (exempt.has_value() && IsExempt(exempt->second, target)) return std::optional<Proxy>();
  PLUMB_ASSIGN_OR_RETURN(Proxy proxy, ParseProxy(named->first, named->second));
  return std::optional<Proxy>(std::move(proxy));
}

}  // namespace plumb::rpc
