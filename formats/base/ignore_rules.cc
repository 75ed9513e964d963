#include "plumb/base/ignore_rules.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/publish_limits.h"
#include "plumb/base/quote.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr std::string_view kAnyFolders = "**";

std::vector<std::string_view> Split(std::string_view path) {
  std::vector<std::string_view> parts;
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    if (end > at) parts.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

// Where the set that begins at `at` ends, one past its bracket; npos when it has none.
size_t SetEnd(std::string_view pattern, size_t at) {
  size_t end = at + 1;
  if (end < pattern.size() && (pattern[end] == '!' || pattern[end] == '^')) ++end;
  end = pattern.find(']', end + 1);  // One right at the start is a member.
  return end == pattern.npos ? end : end + 1;
}

bool InSet(std::string_view set, char c) {
  const bool inverted = set[1] == '!' || set[1] == '^';
  bool found = false;
  for (size_t i = inverted ? 2 : 1; i + 1 < set.size(); ++i) {
    if (i + 3 < set.size() && set[i + 1] == '-') {
      found = found || (set[i] <= c && c <= set[i + 2]);
      i += 2;
    } else {
      found = found || set[i] == c;
    }
  }
  return found != inverted;
}

// Takes one element of the pattern, no star, if it matches `c`; returns where the next begins, npos otherwise.
size_t TakeElement(std::string_view pattern, size_t at, char c) {
  if (at >= pattern.size()) return pattern.npos;
  if (pattern[at] == '?') return at + 1;
  if (pattern[at] == '[' && SetEnd(pattern, at) != pattern.npos) {
    const size_t end = SetEnd(pattern, at);
    return InSet(pattern.substr(at, end - at), c) ? end : pattern.npos;
  }
  if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
  return pattern[at] == c ? at + 1 : pattern.npos;
}

// One part of a path. Goes back only to the last star, which is enough and takes no more than the product of lengths.
bool PartMatches(std::string_view pattern, std::string_view part) {
  size_t at = 0;
  size_t taken = 0;
  size_t star = pattern.npos;
  size_t star_taken = 0;
  while (taken < part.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = ++at;
      star_taken = taken;
      continue;
    }
    const size_t next = TakeElement(pattern, at, part[taken]);
    if (next == pattern.npos && star == pattern.npos) return false;
    at = next == pattern.npos ? star : next;
    taken = next == pattern.npos ? ++star_taken : taken + 1;
  }
  while (at < pattern.size() && pattern[at] == '*') ++at;
  return at == pattern.size();
}

// The whole path, by the same rule with `**` as the star. `**` at the end needs something to stand for.
bool PathMatches(const std::vector<std::string>& pattern, const std::vector<std::string_view>& parts) {
  size_t at = 0;
  size_t taken = 0;
  size_t star = std::string_view::npos;
  size_t star_taken = 0;
  while (taken < parts.size()) {
    if (at < pattern.size() && pattern[at] == kAnyFolders) {
      if (++at == pattern.size()) return true;
      star = at;
      star_taken = taken;
    } else if (at < pattern.size() && PartMatches(pattern[at], parts[taken])) {
      ++at;
      ++taken;
    } else if (star != std::string_view::npos) {
      at = star;
      taken = ++star_taken;
    } else {
      return false;
    }
  }
  return at == pattern.size();
}

// A line without the spaces at its end that are not escaped.
std::string_view WithoutEnd(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  while (line.ends_with(' ') && !line.ends_with("\\ ")) line.remove_suffix(1);
  return line;
}

}  // namespace

absl::Status IgnoreRules::Add(std::string_view text, std::string_view name) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = WithoutEnd(text.substr(at, end - at));
    at = end + 1;
    if (line.empty() || line.starts_with('#')) continue;
    if (line.size() > limits::kIgnoreRuleBytesMax || rules_.size() >= limits::kIgnoreRulesMax) {
      return OutOfRange(fmt::format("{}: {} is too much: at most {} rules of {} bytes are read", name,
                                    QuoteForMessage(line), limits::kIgnoreRulesMax, limits::kIgnoreRuleBytesMax));
    }
    Rule rule;
    rule.takes_back = line.starts_with('!');
    if (rule.takes_back) line.remove_prefix(1);
    rule.folders_only = line.ends_with('/');
    if (rule.folders_only) line.remove_suffix(1);
    const bool from_top = line.find('/') != line.npos;
    if (!from_top) rule.parts.emplace_back(kAnyFolders);
    for (std::string_view part : Split(line)) {
      const bool again = part == kAnyFolders && !rule.parts.empty() && rule.parts.back() == kAnyFolders;
      if (!again) rule.parts.emplace_back(part);
    }
    // An empty part stands for no name, so that the rule matches nothing.
    if (!line.empty() && line.find("//") == line.npos) rules_.push_back(std::move(rule));
  }
  return absl::OkStatus();
}

std::optional<bool> IgnoreRules::Decide(std::string_view path, bool is_folder) const {
  const std::vector<std::string_view> parts = Split(path);
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (rule->folders_only && !is_folder) continue;
    if (PathMatches(rule->parts, parts)) return !rule->takes_back;
  }
  return std::nullopt;
}

const IgnoreRules& LeftOutByDefault() {
  // By who leaves it: version control; tools that fetch models; Python; notebooks and experiment trackers; editors;
  // desktops (macOS, Windows, Linux); file systems; shells and settings with secrets.
  static constexpr std::string_view kText =
      ".git\n.plumb\n.plumbignore\n.hg/\n.svn/\n.bzr/\n.jj/\n.dvc/cache/\n.dvc/tmp/\n"
      ".cache/\n.huggingface/\n.locks/\n.msc\n.mdl\n.mv\n._____temp/\n"
      "__pycache__/\n*.pyc\n*.pyo\n.venv/\nvenv/\n.mypy_cache/\n.pytest_cache/\n.ruff_cache/\n.tox/\n.nox/\n"
      ".eggs/\n*.egg-info/\nnode_modules/\n"
      ".ipynb_checkpoints/\n.virtual_documents/\nwandb/\n.wandb/\n.neptune/\n.comet.config\n"
      "*.swp\n*.swo\n*~\n.#*\n\\#*#\n.idea/\n.vscode/\n"
      ".DS_Store\n._*\n.AppleDouble/\n.Spotlight-V100/\n.Trashes/\n.fseventsd/\n.TemporaryItems/\n__MACOSX/\n"
      "Thumbs.db\nehthumbs.db\ndesktop.ini\n$RECYCLE.BIN/\nSystem Volume Information/\n"
      ".Trash-*/\n.directory\n.nfs*\n.fuse_hidden*\nlost+found/\n"
      ".env\n.env.*\n!.env.example\n.envrc\n.bash_history\n.zsh_history\n.python_history\n";
  static const auto* const kRules = [] {
    auto* rules = new IgnoreRules;
    rules->Add(kText, "the default list").IgnoreError();
    return rules;
  }();
  return *kRules;
}

}  // namespace plumb
