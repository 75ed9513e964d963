#include "plumb/policy/spdx_ids.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "verify/policy/spdx_id_list.h"
#include "verify/policy/text.h"

namespace plumb {
namespace {

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

bool LessIgnoringCase(std::string_view a, std::string_view b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](char x, char y) { return LowerAscii(x) < LowerAscii(y); });
}

bool EqualIgnoringCase(std::string_view a, std::string_view b) { return LowerAscii(a) == LowerAscii(b); }

std::vector<LicenceInfo> MakeLicences() {
  const auto flagged = [](std::string_view list) {
    const std::vector<std::string_view> words = Words(list);
    return std::set<std::string_view>(words.begin(), words.end());
  };
  const std::set<std::string_view> osi = flagged(spdx::kOsiApproved);
  const std::set<std::string_view> fsf = flagged(spdx::kFsfLibre);
  const std::set<std::string_view> deprecated = flagged(spdx::kDeprecated);
  std::vector<LicenceInfo> licences;
  for (const std::string_view id : Words(spdx::kLicences)) {
    licences.push_back({.id = id,
                        .osi_approved = osi.contains(id),
                        .fsf_libre = fsf.contains(id),
                        .deprecated = deprecated.contains(id)});
  }
  std::sort(licences.begin(), licences.end(),
            [](const LicenceInfo& a, const LicenceInfo& b) { return LessIgnoringCase(a.id, b.id); });
  return licences;
}

std::vector<std::string_view> MakeExceptions() {
  std::vector<std::string_view> exceptions = Words(spdx::kExceptions);
  std::sort(exceptions.begin(), exceptions.end(), LessIgnoringCase);
  return exceptions;
}

// The edits that turn one lower-case text into the other: one character put in, left out or
// replaced, or two neighbours swapped.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1), row[j - 1] + 1, last[j] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

// Finds the nearest candidate. A candidate that `text` begins (`Apache` of `Apache-2.0`) is
// nearer than a misspelling; among several, the last one is the newest version.
class NearestId {
 public:
  explicit NearestId(std::string_view text)
      : text_(LowerAscii(text)), best_(std::max<size_t>(2, text_.size() / 3) + 1) {}

  void Offer(std::string_view id) {
    const std::string lower = LowerAscii(id);
    if (lower.starts_with(text_ + "-") && !text_.empty()) completion_ = id;
    const size_t longer = std::max(text_.size(), lower.size());
    if (longer - std::min(text_.size(), lower.size()) >= best_ || text_.size() > kTextBytesMax) return;
    const size_t distance = Distance(text_, lower);
    if (distance >= best_) return;
    best_ = distance;
    misspelt_ = id;
  }
  std::string Best() const {
    const bool typo = best_ <= 1 || completion_.empty();
    return std::string(typo ? misspelt_ : completion_);
  }

 private:
  // No id is longer; comparing takes the product of both lengths.
  static constexpr size_t kTextBytesMax = 64;

  std::string text_;
  size_t best_;
  std::string_view misspelt_;
  std::string_view completion_;
};

}  // namespace

const std::vector<LicenceInfo>& AllLicences() {
  static const auto& kTable = *new std::vector<LicenceInfo>(MakeLicences());
  return kTable;
}

const std::vector<std::string_view>& AllLicenceExceptions() {
  static const auto& kTable = *new std::vector<std::string_view>(MakeExceptions());
  return kTable;
}

std::optional<LicenceInfo> FindLicence(std::string_view id) {
  const std::vector<LicenceInfo>& table = AllLicences();
  const auto found = std::lower_bound(
      table.begin(), table.end(), id,
      [](const LicenceInfo& info, std::string_view wanted) { return LessIgnoringCase(info.id, wanted); });
  if (found == table.end() || !EqualIgnoringCase(found->id, id)) return std::nullopt;
  return *found;
}

std::optional<std::string_view> FindLicenceException(std::string_view id) {
  const std::vector<std::string_view>& table = AllLicenceExceptions();
  const auto found = std::lower_bound(table.begin(), table.end(), id, LessIgnoringCase);
  if (found == table.end() || !EqualIgnoringCase(*found, id)) return std::nullopt;
  return *found;
}

std::string NearestLicence(std::string_view text) {
  NearestId nearest(text);
  for (const LicenceInfo& info : AllLicences()) {
    if (!info.deprecated) nearest.Offer(info.id);
  }
  return nearest.Best();
}

std::string NearestLicenceException(std::string_view text) {
  NearestId nearest(text);
  for (const std::string_view id : AllLicenceExceptions()) nearest.Offer(id);
  return nearest.Best();
}

}  // namespace plumb
