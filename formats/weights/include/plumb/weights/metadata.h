// What a container says beside its tensors: typed key-values in the container's order.
#ifndef PLUMB_WEIGHTS_METADATA_H_
#define PLUMB_WEIGHTS_METADATA_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace plumb {

// Lists are of one type each. Numbers are widened without loss: u8 to uint64_t, f32 to double.
using MetadataValue =
    std::variant<bool, int64_t, uint64_t, double, std::string, std::vector<bool>, std::vector<int64_t>,
                 std::vector<uint64_t>, std::vector<double>, std::vector<std::string>>;

struct MetadataEntry {
  std::string key;
  MetadataValue value;
  // The container's own name of the type, such as `u32` or `[f32]`, from which the value can be written back as it
  // was; a string literal. Empty where the format has one type for each kind of value.
  std::string_view stored_as;
};

// Key-values, each key once. A plain value; const use is thread-safe.
class Metadata {
 public:
  Metadata() = default;
  // REQUIRES: no key occurs twice (FindDuplicate tells).
  explicit Metadata(std::vector<MetadataEntry> entries);
  // The first key that occurs twice in `entries`, if any.
  static std::optional<std::string> FindDuplicate(const std::vector<MetadataEntry>& entries);

  // In the container's order.
  const std::vector<MetadataEntry>& entries() const { return entries_; }
  // nullptr when there is none of that key.
  const MetadataValue* Find(std::string_view key) const;
  // The value under `key` if it has exactly this type; else nullptr.
  template <typename T>
  const T* Get(std::string_view key) const {
    const MetadataValue* value = Find(key);
    return value == nullptr ? nullptr : std::get_if<T>(value);
  }
  // A whole number of either signedness that fits.
  std::optional<uint64_t> Unsigned(std::string_view key) const;
  std::optional<int64_t> Signed(std::string_view key) const;
  // Any number.
  std::optional<double> Number(std::string_view key) const;

 private:
  std::vector<MetadataEntry> entries_;
  std::vector<uint32_t> by_key_;  // Indices into entries_, sorted by key.
};

}  // namespace plumb

#endif  // PLUMB_WEIGHTS_METADATA_H_
