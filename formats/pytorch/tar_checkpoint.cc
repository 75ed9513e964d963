#include <algorithm>

#include "fmt/format.h"
#include "formats/pytorch/assemble.h"
#include "formats/pytorch/pickle_stream.h"
#include "formats/pytorch/torch_types.h"
#include "plumb/archive/tar.h"
#include "plumb/base/limits.h"
#include "plumb/base/refuse.h"
#include "plumb/base/status.h"
#include "plumb/pytorch/pytorch_source.h"

namespace plumb {
namespace {

// The files that such an archive holds; only `tensors` may be missing.
struct Members {
  const TarEntry* pickle = nullptr;
  const TarEntry* storages = nullptr;
  const TarEntry* tensors = nullptr;
};

Members FindMembers(const std::vector<TarEntry>& entries) {
  Members members;
  for (const TarEntry& entry : entries) {
    if (entry.name == "pickle") members.pickle = &entry;
    if (entry.name == "storages") members.storages = &entry;
    if (entry.name == "tensors") members.tensors = &entry;
  }
  return members;
}

absl::StatusOr<uint64_t> NumberOf(const Pickle& pickle) {
  const PickleId root = pickle.root();
  if (pickle.kind(root) != PickleKind::kInteger || pickle.integer(root) < 0)
    return RefusedFile("a count is not a number");
  return static_cast<uint64_t>(pickle.integer(root));
}

std::string KeyOf(const Pickle& pickle, PickleId id) {
  return pickle.kind(id) == PickleKind::kInteger ? fmt::format("{}", pickle.integer(id)) : std::string(pickle.text(id));
}

// A key, a place and a type: what stands before each storage and each tensor.
struct Heading {
  std::string key;
  std::string second;  // The location, or a storage's key.
  std::string type;
};

absl::StatusOr<Heading> NextHeading(PickleStream& stream) {
  PLUMB_ASSIGN_OR_RETURN(Pickle pickle, stream.Next());
  const auto parts = pickle.items(pickle.root());
  if (pickle.kind(pickle.root()) != PickleKind::kTuple || parts.size() != 3)
    return RefusedFile("a heading is no triple");
  return Heading{KeyOf(pickle, parts[0]), KeyOf(pickle, parts[1]), std::string(pickle.text(parts[2]))};
}

// Every storage, and where its elements lie.
struct Storages {
  std::map<std::string, TorchStorage> by_key;
  StoragePlaces places;
};

absl::StatusOr<Storages> ReadStorages(const ByteSource& bytes, const TarEntry& entry) {
  PLUMB_ASSIGN_OR_RETURN(PickleStream stream, PickleStream::Open(bytes, entry.begin, entry.end));
  PLUMB_ASSIGN_OR_RETURN(Pickle count_pickle, stream.Next());
  PLUMB_ASSIGN_OR_RETURN(uint64_t count, NumberOf(count_pickle));
  Storages storages;
  for (uint64_t i = 0; i < count; ++i) {
    PLUMB_ASSIGN_OR_RETURN(Heading heading, NextHeading(stream));
    const std::optional<DType> dtype = DTypeOfStorage(heading.type);
    if (!dtype) return RefusedFile(fmt::format("storage {} has an unknown type", i));
    PLUMB_ASSIGN_OR_RETURN(uint64_t elements, stream.Count(false));
    PLUMB_ASSIGN_OR_RETURN(StoredRange range, stream.Skip(elements, BlockOf(*dtype).bytes));
    if (!storages.places.emplace(heading.key, range).second)
      return RefusedFile(fmt::format("storage {} occurs twice", i));
    storages.by_key[heading.key] = {.key = heading.key,
                                    .dtype = dtype,
                                    .type = heading.type,
                                    .unit_bytes = BlockOf(*dtype).bytes,
                                    .count = elements,
                                    .view_count = elements};
  }
  return storages;
}

// Tensors by their keys: rank, padding, sizes, strides and offset after each heading.
absl::StatusOr<TorchOutside> ReadTensors(const ByteSource& bytes, const TarEntry& entry, const Storages& storages) {
  PLUMB_ASSIGN_OR_RETURN(PickleStream stream, PickleStream::Open(bytes, entry.begin, entry.end));
  PLUMB_ASSIGN_OR_RETURN(Pickle count_pickle, stream.Next());
  PLUMB_ASSIGN_OR_RETURN(uint64_t count, NumberOf(count_pickle));
  TorchOutside tensors;
  for (uint64_t i = 0; i < count; ++i) {
    PLUMB_ASSIGN_OR_RETURN(Heading heading, NextHeading(stream));
    auto storage = storages.by_key.find(heading.second);
    if (storage == storages.by_key.end()) return RefusedFile(fmt::format("tensor {} has no storage", i));
    TorchTensor tensor = {.storage = storage->second, .dtype = *storage->second.dtype};
    PLUMB_ASSIGN_OR_RETURN(uint32_t rank, stream.Small());
    PLUMB_RETURN_IF_ERROR(stream.Small().status());
    if (rank > limits::kTensorRankMax) return RefusedFile(fmt::format("tensor {} has {} dimensions", i, rank));
    for (std::vector<uint64_t>* numbers : {&tensor.shape, &tensor.strides}) {
      for (uint32_t d = 0; d < rank; ++d) {
        PLUMB_ASSIGN_OR_RETURN(uint64_t number, stream.Count(false));
        numbers->push_back(number);
      }
    }
    PLUMB_ASSIGN_OR_RETURN(tensor.offset, stream.Count(false));
    tensors[heading.key] = std::move(tensor);
  }
  return tensors;
}

absl::StatusOr<std::unique_ptr<TensorSource>> Open(const ContainerInput& input) {
  PLUMB_ASSIGN_OR_RETURN(std::vector<TarEntry> entries, ReadTar(*input.bytes));
  const Members members = FindMembers(entries);
  if (members.pickle == nullptr || members.storages == nullptr)
    return RefusedFile("there is no file pickle or storages in it");
  PLUMB_ASSIGN_OR_RETURN(Storages storages, ReadStorages(*input.bytes, *members.storages));
  TorchOutside outside;
  if (members.tensors != nullptr) {
    PLUMB_ASSIGN_OR_RETURN(outside, ReadTensors(*input.bytes, *members.tensors, storages));
  }
  PLUMB_ASSIGN_OR_RETURN(PickleStream stream,
                         PickleStream::Open(*input.bytes, members.pickle->begin, members.pickle->end));
  PLUMB_ASSIGN_OR_RETURN(Pickle pickle, stream.Next());
  if (!stream.AtEnd()) return RefusedFile("its pickle goes on after its end");
  PLUMB_ASSIGN_OR_RETURN(TorchContents contents, ReadTorchContents(pickle, outside));
  return AssembleTorchSource(std::move(contents), storages.places, false, {input.path, input.bytes});
}

// Archives of other tools are none of these checkpoints, whatever they hold: the first file says which it is. One whose
// beginning holds only a folder is taken for one.
bool Recognises(const ContainerInput& input) {
  constexpr size_t kBlock = 512;
  if (!LooksLikeTar(input.head)) return false;
  for (size_t at = 0; at + kBlock <= input.head.size(); at += kBlock) {
    std::string_view name = AsText(input.head.subspan(at, 100));
    name = name.substr(0, name.find('\0'));
    if (name.starts_with("./")) name.remove_prefix(2);
    if (name.empty()) continue;
    return name == "sys_info" || name == "pickle" || name == "storages" || name == "tensors";
  }
  return true;
}

}  // namespace

const ContainerFormat& PytorchTarFormat() {
  static constexpr ContainerFormat kFormat = {"pytorch tar", Recognises, Open};
  return kFormat;
}

}  // namespace plumb
