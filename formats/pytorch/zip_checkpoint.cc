#include <algorithm>

#include "fmt/format.h"
#include "formats/pytorch/assemble.h"
#include "plumb/archive/zip.h"
#include "plumb/base/limits.h"
#include "plumb/base/quote.h"
#include "plumb/base/refuse.h"
#include "plumb/base/status.h"
#include "plumb/pytorch/pytorch_source.h"

namespace plumb {
namespace {

constexpr std::string_view kPickleName = "/data.pkl";
constexpr uint64_t kNoteBytesMax = 64;
const std::string kConstants = "constants.";

// The one folder in which data.pkl stands.
absl::StatusOr<std::string> FindRoot(const ZipArchive& archive) {
  std::string root;
  for (const ZipEntry& entry : archive.entries()) {
    if (!entry.name.ends_with(kPickleName)) continue;
    if (!root.empty()) return RefusedFile("there are two entries data.pkl");
    root = entry.name.substr(0, entry.name.size() - kPickleName.size());
  }
  if (root.empty()) return RefusedFile("there is no entry data.pkl in a folder");
  return root;
}

absl::StatusOr<bool> IsBigEndian(const ZipArchive& archive, const std::string& root) {
  const ZipEntry* entry = archive.Find(root + "/byteorder");
  if (entry == nullptr) return false;
  PLUMB_ASSIGN_OR_RETURN(std::string order, archive.Read(*entry, kNoteBytesMax));
  if (order != "little" && order != "big")
    return RefusedFile(fmt::format("its byte order is {}", QuoteForMessage(order)));
  return order == "big";
}

// The storages in a folder of the archive, by their names there behind `prefix`.
absl::StatusOr<StoragePlaces> FindStorages(const ZipArchive& archive, const std::string& folder,
                                           const std::string& prefix) {
  StoragePlaces places;
  for (const ZipEntry& entry : archive.entries()) {
    if (!entry.name.starts_with(folder)) continue;
    if (entry.deflated) {
      return RefusedFile(
          fmt::format("storage {} is compressed, which torch.save never does", QuoteForMessage(entry.name)));
    }
    places[prefix + entry.name.substr(folder.size())] = {0, entry.begin, entry.begin + entry.stored_bytes};
  }
  return places;
}

// The tensors that a TorchScript program holds as constants, which freezing makes of all weights: `constants.0`, ...
absl::Status AddConstants(const ZipArchive& archive, const std::string& root, TorchContents* contents,
                          StoragePlaces* places) {
  const ZipEntry* entry = archive.Find(root + "/constants.pkl");
  if (entry == nullptr) return absl::OkStatus();
  PLUMB_ASSIGN_OR_RETURN(std::string data, archive.Read(*entry, limits::kPickleBytesMax));
  PLUMB_ASSIGN_OR_RETURN(Pickle pickle, Pickle::Parse({reinterpret_cast<const uint8_t*>(data.data()), data.size()}));
  PLUMB_ASSIGN_OR_RETURN(TorchContents constants, ReadTorchContents(pickle, {}));
  PLUMB_ASSIGN_OR_RETURN(StoragePlaces found, FindStorages(archive, root + "/constants/", kConstants));
  places->merge(found);
  for (TorchTensor& tensor : constants.tensors) {
    tensor.name = kConstants + tensor.name;
    tensor.storage.key = kConstants + tensor.storage.key;
    contents->tensors.push_back(std::move(tensor));
  }
  contents->notes.insert(contents->notes.end(), constants.notes.begin(), constants.notes.end());
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<TensorSource>> Open(const ContainerInput& input, const ZipArchive& archive) {
  PLUMB_ASSIGN_OR_RETURN(std::string root, FindRoot(archive));
  PLUMB_ASSIGN_OR_RETURN(std::string data,
                         archive.Read(*archive.Find(root + std::string(kPickleName)), limits::kPickleBytesMax));
  std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(data.data()), data.size());
  PLUMB_ASSIGN_OR_RETURN(Pickle pickle, Pickle::Parse(bytes));
  if (pickle.consumed() != bytes.size()) return RefusedFile("data.pkl goes on after its end");
  PLUMB_ASSIGN_OR_RETURN(TorchContents contents, ReadTorchContents(pickle, {}));
  PLUMB_ASSIGN_OR_RETURN(bool big_endian, IsBigEndian(archive, root));
  PLUMB_ASSIGN_OR_RETURN(StoragePlaces places, FindStorages(archive, root + "/data/", ""));
  absl::Status constants = AddConstants(archive, root, &contents, &places);
  if (!constants.ok()) return Annotate(constants, "constants.pkl");
  return AssembleTorchSource(std::move(contents), places, big_endian, {input.path, input.bytes});
}

// A ZIP archive whose first entry stands in a folder beside data.pkl; NumPy's and Keras's have other names.
bool Recognises(const ZipArchive& archive) {
  return std::any_of(archive.entries().begin(), archive.entries().end(),
                     [](const ZipEntry& entry) { return entry.name.ends_with(kPickleName); });
}

}  // namespace

const ZipContainerFormat& PytorchZipFormat() {
  static constexpr ZipContainerFormat kFormat = {"pytorch", Recognises, Open};
  return kFormat;
}

}  // namespace plumb
