#include <algorithm>

#include "fmt/format.h"
#include "formats/pytorch/assemble.h"
#include "formats/pytorch/pickle_stream.h"
#include "plumb/base/quote.h"
#include "plumb/base/refuse.h"
#include "plumb/base/status.h"
#include "plumb/pytorch/pytorch_source.h"

namespace plumb {
namespace {

// PROTO n, then LONG1 of ten bytes: 0x1950a86a20f9469cfc6c, then STOP.
constexpr uint8_t kMagic[] = {0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};
constexpr int64_t kProtocol = 1001;

// Whether the writer's machine was big-endian, from its sys_info dict.
bool SaysBigEndian(const Pickle& info) {
  const auto items = info.items(info.root());
  for (size_t i = 0; i + 1 < items.size(); i += 2) {
    if (info.kind(items[i]) == PickleKind::kText && info.text(items[i]) == "little_endian") {
      return info.kind(items[i + 1]) == PickleKind::kBool && info.integer(items[i + 1]) == 0;
    }
  }
  return false;
}

// The storages lie after the pickles: for each key a count of elements, then the elements.
absl::StatusOr<StoragePlaces> FindStorages(PickleStream& stream, const Pickle& keys, const Pickle& object,
                                           bool big_endian) {
  PLUMB_ASSIGN_OR_RETURN(auto storages, StoragesOf(object));
  if (keys.kind(keys.root()) != PickleKind::kList) return RefusedFile("its list of storages is not a list");
  StoragePlaces places;
  for (PickleId id : keys.items(keys.root())) {
    const std::string key(keys.kind(id) == PickleKind::kText ? keys.text(id) : "");
    auto storage = storages.find(key);
    if (storage == storages.end() || places.contains(key)) {
      return RefusedFile(fmt::format("storage {} is listed but not used, or twice", QuoteForMessage(key)));
    }
    if (storage->second.unit_bytes == 0) {
      return RefusedFile(fmt::format("storage {} is of the type {}, whose size is not known", QuoteForMessage(key),
                                     QuoteForMessage(storage->second.type)));
    }
    PLUMB_ASSIGN_OR_RETURN(uint64_t count, stream.Count(big_endian));
    if (count != storage->second.count) {
      return RefusedFile(
          fmt::format("storage {} has {} elements, expected {}", QuoteForMessage(key), count, storage->second.count));
    }
    PLUMB_ASSIGN_OR_RETURN(StoredRange range, stream.Skip(count, storage->second.unit_bytes));
    places[key] = range;
  }
  if (!stream.AtEnd()) return RefusedFile("something follows the last storage");
  return places;
}

absl::StatusOr<std::unique_ptr<TensorSource>> Open(const ContainerInput& input) {
  PLUMB_ASSIGN_OR_RETURN(PickleStream stream, PickleStream::Open(*input.bytes, 0, input.bytes->Size()));
  PLUMB_RETURN_IF_ERROR(stream.Next().status());  // The magic number, which was recognised.
  PLUMB_ASSIGN_OR_RETURN(Pickle protocol, stream.Next());
  if (protocol.kind(protocol.root()) != PickleKind::kInteger || protocol.integer(protocol.root()) != kProtocol) {
    return RefusedFile(fmt::format("its protocol is not {}", kProtocol));
  }
  PLUMB_ASSIGN_OR_RETURN(Pickle info, stream.Next());
  PLUMB_ASSIGN_OR_RETURN(Pickle object, stream.Next());
  PLUMB_ASSIGN_OR_RETURN(Pickle keys, stream.Next());
  const bool big_endian = SaysBigEndian(info);
  PLUMB_ASSIGN_OR_RETURN(StoragePlaces places, FindStorages(stream, keys, object, big_endian));
  PLUMB_ASSIGN_OR_RETURN(TorchContents contents, ReadTorchContents(object, {}));
  return AssembleTorchSource(std::move(contents), places, big_endian, {input.path, input.bytes});
}

bool Recognises(const ContainerInput& input) {
  return input.head.size() >= 2 + sizeof(kMagic) && input.head[0] == 0x80 &&
         std::equal(std::begin(kMagic), std::end(kMagic), input.head.begin() + 2);
}

}  // namespace

const ContainerFormat& PytorchLegacyFormat() {
  static constexpr ContainerFormat kFormat = {"pytorch legacy", Recognises, Open};
  return kFormat;
}

}  // namespace plumb
