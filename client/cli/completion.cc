#include "client/cli/completion.h"

#include <chrono>
#include <cstdlib>
#include <future>
#include <memory>
#include <thread>

#include "client/cli/context.h"
#include "client/cli/exit_code.h"
#include "client/cli/output.h"
#include "client/cli/text.h"
#include "plumb/client/catalogue.h"

namespace plumb::cli {
namespace {

constexpr std::chrono::milliseconds kRegistryTimeout{1000};

const CLI::App* FindChild(const CLI::App& command, const std::string& word) {
  for (const CLI::App* child : command.get_subcommands(nullptr)) {
    if (child->check_name(word)) return child;
  }
  return nullptr;
}

const CLI::Option* FindFlag(const CLI::App& command, const std::string& word) {
  for (const CLI::App* app = &command; app != nullptr; app = app->get_parent()) {
    if (const CLI::Option* option = app->get_option_no_throw(word)) return option;
  }
  return nullptr;
}

bool TakesValue(const CLI::Option& option) { return option.get_expected_max() > 0 && option.get_type_size() != 0; }

bool TakesReference(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_positional() && option->get_name(true).find("REF") != std::string::npos) return true;
  }
  return false;
}

std::vector<Candidate> MatchingFlags(const CLI::App& command, const std::string& start) {
  std::vector<Candidate> candidates;
  for (const CLI::App* app = &command; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      if (option->get_positional() || option->get_lnames().empty()) continue;
      std::string name = "--" + option->get_lnames().front();
      if (name == "--help" && app != &command) continue;
      if (name.starts_with(start)) candidates.push_back({name, option->get_description()});
    }
  }
  return candidates;
}

// Models, or a model's versions or tags once its name is complete.
std::vector<Candidate> CompleteReference(const ConnectionOptions& options, const std::string& start) {
  std::vector<Candidate> candidates;
  absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Connect(options);
  if (!connection.ok()) return candidates;
  size_t separator = start.find_first_of("@:");
  std::string model = start.substr(0, separator);
  if (separator == start.npos) {
    auto models = ListModels(**connection, model);
    if (!models.ok()) return candidates;
    for (const v1::Model& found : *models) candidates.push_back({found.name(), found.card().title()});
  } else if (start[separator] == '@') {
    auto releases = ListReleases(**connection, model, v1::KIND_UNSPECIFIED);
    if (!releases.ok()) return candidates;
    for (const v1::Release& release : *releases) candidates.push_back({model + "@" + release.version(), ""});
  } else {
    auto tags = ListTags(**connection, model);
    if (!tags.ok()) return candidates;
    for (const v1::Tag& tag : *tags) candidates.push_back({model + ":" + tag.name(), tag.version()});
  }
  std::erase_if(candidates, [&](const Candidate& candidate) { return !candidate.word.starts_with(start); });
  return candidates;
}

// Files of a release.
std::vector<Candidate> CompletePath(const ConnectionOptions& options, const std::string& text,
                                    const std::string& start) {
  std::vector<Candidate> candidates;
  absl::StatusOr<Reference> reference = ParseReference(text);
  absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Connect(options);
  if (!reference.ok() || !connection.ok()) return candidates;
  absl::StatusOr<v1::Release> release = Resolve(**connection, *reference);
  if (!release.ok()) return candidates;
  absl::StatusOr<Digest> digest = Digest::FromBytes(release->digest());
  if (!digest.ok()) return candidates;
  absl::StatusOr<StoredManifest> stored = GetManifest(**connection, *digest);
  if (!stored.ok()) return candidates;
  for (const v1::File& file : stored->manifest.files()) {
    if (file.path().starts_with(start)) candidates.push_back({file.path(), FormatBytes(file.size_bytes())});
  }
  return candidates;
}

void Print(const std::vector<Candidate>& candidates, std::ostream& out) {
  for (const Candidate& candidate : candidates) {
    out << Sanitise(candidate.word);
    if (!candidate.description.empty()) out << '\t' << Sanitise(candidate.description);
    out << '\n';
  }
  out << std::flush;
}

}  // namespace

std::vector<Candidate> CompleteWords(const CLI::App& root, const std::vector<std::string>& words,
                                     bool* wants_reference) {
  *wants_reference = false;
  const CLI::App* command = &root;
  std::string start = words.empty() ? "" : words.back();
  bool is_value = false;
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (is_value) {
      is_value = false;
    } else if (words[i].starts_with('-')) {
      const CLI::Option* flag = FindFlag(*command, words[i]);
      is_value = flag != nullptr && TakesValue(*flag);
    } else if (const CLI::App* child = FindChild(*command, words[i])) {
      command = child;
    }
  }
  if (is_value) return {};
  if (start.starts_with('-')) return MatchingFlags(*command, start);
  *wants_reference = TakesReference(*command);
  std::vector<Candidate> candidates;
  for (const CLI::App* child : command->get_subcommands(nullptr)) {
    if (child->get_name().starts_with(start)) candidates.push_back({child->get_name(), child->get_description()});
  }
  return candidates;
}

std::string ReferenceOfPath(const std::vector<std::string>& words) {
  std::vector<std::string> arguments;
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (!words[i].starts_with('-')) arguments.push_back(words[i]);
  }
  return arguments.size() == 2 && arguments[0] == "cat" ? arguments[1] : "";
}

int RunComplete(const CLI::App& root, const std::vector<std::string>& words, const Environment& environment) {
  bool wants_reference = false;
  std::vector<Candidate> candidates = CompleteWords(root, words, &wants_reference);
  Print(candidates, *environment.out);
  // Paths are the shell's business.
  if (!wants_reference || words.empty() || words.back().starts_with('.') || words.back().starts_with('/')) return kDone;

  absl::StatusOr<Settings> settings = ResolveSettings({}, environment.variable);
  if (!settings.ok()) return kDone;
  Output output(environment, false, true, true);
  absl::StatusOr<ConnectionOptions> options = Context(environment, *settings, &output).OptionsFor("");
  if (!options.ok()) return kDone;
  options->connect_for = options->retry_for = std::chrono::milliseconds(0);
  // The context is gone already.
  options->cancellation = nullptr;
  options->waiting = nullptr;
  auto task = std::make_shared<std::packaged_task<std::vector<Candidate>()>>(
      [options = *options, start = words.back(), reference = ReferenceOfPath(words)] {
        return reference.empty() ? CompleteReference(options, start) : CompletePath(options, reference, start);
      });
  std::future<std::vector<Candidate>> found = task->get_future();
  std::thread([task] { (*task)(); }).detach();
  // The thread may still be waiting for the network: nothing may be destroyed
  // under it.
  if (found.wait_for(kRegistryTimeout) != std::future_status::ready) std::_Exit(kDone);
  Print(found.get(), *environment.out);
  return kDone;
}

}  // namespace plumb::cli
