// From the root of a checkpoint's pickle to everything that has a name.
#include <algorithm>
#include <map>
#include <set>

#include "fmt/format.h"
#include "formats/pytorch/torch_keys.h"
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
    NoteHeldStorages();
    NoteImports();
    return std::move(contents_);
  }

 private:
  // A value that is not understood and leads to storages, which may be those of tensors elsewhere.
  struct Holder {
    std::string name;
    std::string why;
    std::set<std::string> keys;
    bool weight = true;
  };

  absl::Status Visit(PickleId id, const std::string& name, uint64_t depth) {
    if (depth > limits::kJsonDepthMax) return Refuse(id, fmt::format("nested deeper than {}", limits::kJsonDepthMax));
    if (++steps_ > limits::kPickleNodesMax) return Refuse(id, "its lists hold each other too often");
    PLUMB_ASSIGN_OR_RETURN(std::optional<TorchTensor> tensor, TensorAt(pickle_, id, outside_));
    if (tensor) {
      AddTensor(*std::move(tensor), name.empty() ? "tensor" : name);
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
      case PickleKind::kSet:
      case PickleKind::kPersistent:
        LookInto(id, name, "is a storage, or a set of such, without a tensor");
        return absl::OkStatus();
      default:
        AddMetadata(id, name);
        return absl::OkStatus();
    }
  }

  // A tensor that has a name that another has already gets a number of its own.
  void AddTensor(TorchTensor tensor, const std::string& name) {
    tensor.name = name;
    while (!tensor_names_.insert(tensor.name).second) tensor.name = fmt::format("{}#{}", name, ++numbers_[name] + 1);
    if (tensor.name != name) {
      contents_.notes.push_back(
          fmt::format("two tensors are reached as {}: one is called {}", QuoteForMessage(name), tensor.name));
    }
    if (tensor.unreadable.empty() && tensor.name.size() > limits::kTensorNameBytesMax) {
      tensor.unreadable =
          fmt::format("has a name of {} bytes, at most {} are read", tensor.name.size(), limits::kTensorNameBytesMax);
    }
    if (tensor.unreadable.empty()) {
      contents_.tensors.push_back(std::move(tensor));
    } else {
      NoteUnreadable({std::move(tensor.name), std::move(tensor.unreadable)}, &contents_.notes);
    }
  }

  // Keys and values in turn; of a key that is set twice the last value counts.
  absl::Status VisitPairs(std::span<const PickleId> pairs, const std::string& name, uint64_t depth) {
    std::map<std::string, size_t> last;
    for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
      if (std::optional<TorchKey> key = TorchKeyAt(pickle_, pairs[i])) last[key->same] = i;
    }
    for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
      const std::optional<TorchKey> key = TorchKeyAt(pickle_, pairs[i]);
      if (!key) LookInto(pairs[i + 1], Join(name, "?"), "stands under a key that has no name");
      if (!key || last[key->same] != i) continue;
      PLUMB_RETURN_IF_ERROR(Visit(pairs[i + 1], Join(name, key->text), depth + 1));
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
    if (pickle_.kind(callable) != PickleKind::kGlobal) {
      LookInto(id, name, "is made by something that has no name");
      return absl::OkStatus();
    }
    const std::string_view made = pickle_.text(callable);
    if (made == "collections.OrderedDict" || made == "collections.defaultdict") return VisitOrdered(id, name, depth);
    const PickleId state = pickle_.state(id);
    if (state != Pickle::kNoState && pickle_.kind(state) == PickleKind::kDict) {
      // TorchScript keeps a module's attributes as they are, Python's nn.Module under three names.
      if (made.starts_with("__torch__.")) return VisitPairs(pickle_.items(state), name, depth);
      if (HasKey(state, "_parameters")) return VisitModule(state, name, depth);
    }
    LookInto(id, name, fmt::format("is part of what {} makes, which Plumb does not run", QuoteForMessage(made)));
    return absl::OkStatus();
  }

  bool HasKey(PickleId dict, std::string_view wanted) const {
    const auto items = pickle_.items(dict);
    for (size_t i = 0; i + 1 < items.size(); i += 2) {
      if (pickle_.kind(items[i]) == PickleKind::kText && pickle_.text(items[i]) == wanted) return true;
    }
    return false;
  }

  // Remembers a value that is not understood if it leads to storages.
  void LookInto(PickleId id, const std::string& name, std::string why, bool weight = true) {
    std::set<std::string> keys = StoragesBelow(pickle_, id, &scanned_);
    if (!keys.empty()) holders_.push_back({name.empty() ? "object" : name, std::move(why), std::move(keys), weight});
  }

  void NoteHeldStorages() {
    std::set<std::string, std::less<>> given;
    for (const TorchTensor& tensor : contents_.tensors) given.insert(tensor.storage.key);
    for (Holder& holder : holders_) {
      const bool all = std::all_of(holder.keys.begin(), holder.keys.end(),
                                   [&](const std::string& key) { return given.contains(key); });
      if (!all) NoteUnreadable({std::move(holder.name), std::move(holder.why), holder.weight}, &contents_.notes);
    }
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
    for (size_t i = 0; i + 1 < attributes.size(); i += 2) {
      const std::string_view attribute = pickle_.text(attributes[i]);
      if (attribute == "_parameters" || attribute == "_buffers" || attribute == "_modules") continue;
      LookInto(attributes[i + 1], Join(name, std::string(attribute)),
               "is an attribute of a module and neither parameter nor buffer", false);
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
  std::set<std::string> names_;  // Of metadata.
  std::set<std::string> tensor_names_;
  std::map<std::string, int> numbers_;  // How many more tensors have a name.
  std::vector<Holder> holders_;
  uint64_t steps_ = 0;
  uint64_t scanned_ = 0;
};

}  // namespace

absl::StatusOr<TorchContents> ReadTorchContents(const Pickle& pickle, const TorchOutside& outside) {
  return Walker(pickle, outside).Run();
}

}  // namespace plumb
