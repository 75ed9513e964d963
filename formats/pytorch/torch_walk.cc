// From the root of a checkpoint's pickle to everything that has a name.
#include <set>

#include "fmt/format.h"
#include "formats/pytorch/torch_objects.h"
#include "formats/pytorch/torch_types.h"
#include "plumb/base/limits.h"
#include "plumb/base/path.h"
#include "plumb/base/quote.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

class Walker {
 public:
  Walker(const Pickle& pickle, const TorchOutside& outside) : pickle_(pickle), outside_(outside) {}

  absl::StatusOr<TorchContents> Run() {
    PLUMB_RETURN_IF_ERROR(Visit(pickle_.root(), "", 0));
    NoteImports();
    return std::move(contents_);
  }

 private:
  absl::Status Visit(PickleId id, const std::string& name, uint64_t depth) {
    if (depth > limits::kJsonDepthMax) return Refuse(id, fmt::format("nested deeper than {}", limits::kJsonDepthMax));
    if (++steps_ > limits::kPickleNodesMax) return Refuse(id, "its lists hold each other too often");
    PLUMB_ASSIGN_OR_RETURN(std::optional<TorchTensor> tensor, TensorAt(pickle_, id, outside_));
    if (tensor) {
      tensor->name = name.empty() ? "tensor" : name;
      contents_.tensors.push_back(*std::move(tensor));
      return absl::OkStatus();
    }
    switch (pickle_.kind(id)) {
      case PickleKind::kDict:
        return VisitPairs(pickle_.items(id), name, depth);
      case PickleKind::kTuple:
      case PickleKind::kList:
        return VisitList(pickle_.items(id), name, depth);
      case PickleKind::kCall:
        return VisitCall(id, name, depth);
      default:
        AddMetadata(id, name);
        return absl::OkStatus();
    }
  }

  // Keys and values in turn; of a key that is set twice the last value counts.
  absl::Status VisitPairs(std::span<const PickleId> pairs, const std::string& name, uint64_t depth) {
    std::map<std::string, size_t> last;
    for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
      if (std::optional<std::string> key = Key(pairs[i])) last[*key] = i;
    }
    for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
      const std::optional<std::string> key = Key(pairs[i]);
      if (!key || last[*key] != i) continue;
      PLUMB_RETURN_IF_ERROR(Visit(pairs[i + 1], Join(name, *key), depth + 1));
    }
    return absl::OkStatus();
  }

  absl::Status VisitList(std::span<const PickleId> items, const std::string& name, uint64_t depth) {
    for (size_t i = 0; i < items.size(); ++i) {
      PLUMB_RETURN_IF_ERROR(Visit(items[i], Join(name, fmt::format("{}", i)), depth + 1));
    }
    return absl::OkStatus();
  }

  absl::Status VisitCall(PickleId id, const std::string& name, uint64_t depth) {
    const PickleId callable = ClassOf(pickle_.items(id)[0]);
    if (pickle_.kind(callable) != PickleKind::kGlobal) return absl::OkStatus();
    const std::string_view made = pickle_.text(callable);
    if (made == "collections.OrderedDict" || made == "collections.defaultdict") return VisitOrdered(id, name, depth);
    const PickleId state = pickle_.state(id);
    if (state != Pickle::kNoState && pickle_.kind(state) == PickleKind::kDict) {
      // TorchScript keeps a module's attributes as they are, Python's nn.Module under three names.
      if (made.starts_with("__torch__.")) return VisitPairs(pickle_.items(state), name, depth);
      return VisitModule(state, name, depth);
    }
    return absl::OkStatus();
  }

  // OrderedDict([[key, value], ...]), and what was set afterwards.
  absl::Status VisitOrdered(PickleId id, const std::string& name, uint64_t depth) {
    std::vector<PickleId> pairs;
    const auto arguments = pickle_.items(pickle_.items(id)[1]);
    const auto list = arguments.empty() ? std::span<const PickleId>() : pickle_.items(arguments[0]);
    for (PickleId pair : list) {
      if (pickle_.kind(pair) != PickleKind::kTuple && pickle_.kind(pair) != PickleKind::kList) continue;
      const auto both = pickle_.items(pair);
      if (both.size() == 2) pairs.insert(pairs.end(), both.begin(), both.end());
    }
    const auto set = pickle_.entries(id);
    pairs.insert(pairs.end(), set.begin(), set.end());
    return VisitPairs(pairs, name, depth);
  }

  // An nn.Module's own tensors, then those of its parts.
  absl::Status VisitModule(PickleId state, const std::string& name, uint64_t depth) {
    const auto attributes = pickle_.items(state);
    for (std::string_view wanted : {"_parameters", "_buffers", "_modules"}) {
      for (size_t i = 0; i + 1 < attributes.size(); i += 2) {
        if (pickle_.kind(attributes[i]) != PickleKind::kText || pickle_.text(attributes[i]) != wanted) continue;
        PLUMB_RETURN_IF_ERROR(Visit(attributes[i + 1], name, depth + 1));
      }
    }
    return absl::OkStatus();
  }

  // Whole modules of old checkpoints name their class by ("module", class, file, source).
  PickleId ClassOf(PickleId id) const {
    if (pickle_.kind(id) != PickleKind::kPersistent) return id;
    const auto parts = pickle_.items(pickle_.items(id)[0]);
    const bool module =
        parts.size() >= 2 && pickle_.kind(parts[0]) == PickleKind::kText && pickle_.text(parts[0]) == "module";
    return module ? parts[1] : id;
  }

  void AddMetadata(PickleId id, const std::string& name) {
    if (name.empty() || contents_.metadata.size() >= kMetadataMax || !names_.insert(name).second) return;
    switch (pickle_.kind(id)) {
      case PickleKind::kBool:
        return contents_.metadata.push_back({name, pickle_.integer(id) != 0, {}});
      case PickleKind::kInteger:
        return contents_.metadata.push_back({name, pickle_.integer(id), {}});
      case PickleKind::kReal:
        return contents_.metadata.push_back({name, pickle_.real(id), {}});
      case PickleKind::kText:
        if (IsValidUtf8(pickle_.text(id))) contents_.metadata.push_back({name, std::string(pickle_.text(id)), {}});
        return;
      default:
        return;
    }
  }

  // One note for each import that is not understood, where it stands first.
  void NoteImports() {
    constexpr size_t kNotesMax = 100;
    std::set<std::string> noted;
    for (const PickleGlobal& global : pickle_.globals()) {
      const std::string full = fmt::format("{}.{}", global.module, global.name);
      if (IsUnderstoodGlobal(full) || noted.size() >= kNotesMax || !noted.insert(full).second) continue;
      contents_.notes.push_back(fmt::format("its pickle imports {} at byte {}, which Plumb does not run",
                                            QuoteForMessage(full), global.position));
    }
  }

  std::optional<std::string> Key(PickleId id) const {
    if (pickle_.kind(id) == PickleKind::kText && IsValidUtf8(pickle_.text(id))) return std::string(pickle_.text(id));
    if (pickle_.kind(id) == PickleKind::kInteger) return fmt::format("{}", pickle_.integer(id));
    return std::nullopt;
  }

  static std::string Join(const std::string& name, const std::string& part) {
    return name.empty() ? part : fmt::format("{}.{}", name, part);
  }

  absl::Status Refuse(PickleId id, std::string_view why) const {
    return WithErrorClass(InvalidArgument(fmt::format("pickle, byte {}: {}", pickle_.position(id), why)),
                          ErrorClass::kPolicy);
  }

  static constexpr size_t kMetadataMax = 10'000;
  const Pickle& pickle_;
  const TorchOutside& outside_;
  TorchContents contents_;
  std::set<std::string> names_;
  uint64_t steps_ = 0;
};

}  // namespace

absl::StatusOr<TorchContents> ReadTorchContents(const Pickle& pickle, const TorchOutside& outside) {
  return Walker(pickle, outside).Run();
}

}  // namespace plumb
