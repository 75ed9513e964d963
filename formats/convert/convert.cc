#include "plumb/convert/convert.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "formats/convert/carry_metadata.h"
#include "formats/convert/choose_types.h"
#include "formats/convert/storages.h"
#include "formats/convert/target.h"
#include "formats/convert/write_payloads.h"
#include "plumb/base/quote.h"
#include "plumb/base/staged_file.h"
#include "plumb/base/status.h"
#include "plumb/containers/open.h"
#include "plumb/gguf/dequantise.h"
#include "plumb/gguf/writer.h"
#include "plumb/numpy/npz_writer.h"
#include "plumb/weights/safetensors_layout.h"

namespace plumb {
namespace {

// What is to be written, and where.
struct Plan {
  std::vector<DType> types;              // Parallel to the source's tensors.
  std::optional<DType> main;             // With --dtype: what most elements become.
  std::unique_ptr<TensorSource> shared;  // Owner of what payloads borrow.
  std::vector<Payload> payloads;
  ContainerLayout layout;
  std::vector<std::string> dropped_keys;
  uint64_t unshared = 0;
};

std::vector<TensorToPlace> Descriptions(const TensorSource& source, const std::vector<DType>& types) {
  std::vector<TensorToPlace> tensors;
  for (size_t i = 0; i < types.size(); ++i) {
    tensors.push_back({source.tensors()[i].name, types[i], source.tensors()[i].shape});
  }
  return tensors;
}

absl::StatusOr<ContainerLayout> LayOutGgufContainer(const std::vector<MetadataEntry>& metadata,
                                                    const std::vector<TensorToPlace>& tensors) {
  std::vector<gguf::GgufTensor> described;
  for (const TensorToPlace& tensor : tensors) described.push_back({tensor.name, tensor.dtype, tensor.shape});
  PLUMB_ASSIGN_OR_RETURN(gguf::GgufLayout gguf, gguf::LayOutGguf(metadata, described));
  ContainerLayout layout;
  for (size_t i = 0; i < tensors.size(); ++i) layout.data.push_back({gguf.offsets[i], gguf.size_bytes[i]});
  layout.file_bytes = gguf.file_bytes;
  layout.fixed.push_back({0, std::move(gguf.header)});
  return layout;
}

void DropAllMetadata(const TensorSource& source, std::vector<std::string>* dropped) {
  for (const MetadataEntry& entry : source.metadata().entries()) dropped->push_back(entry.key);
}

// Every tensor apart, dense.
absl::Status PlanApart(const TensorSource& source, const ConvertOptions& options, Plan* plan) {
  const std::vector<TensorToPlace> tensors = Descriptions(source, plan->types);
  if (options.target == ConvertTarget::kSafetensors) {
    PLUMB_ASSIGN_OR_RETURN(plan->layout, LayOutSafetensors(tensors, MetadataAsTexts(source, &plan->dropped_keys)));
  } else if (options.target == ConvertTarget::kGguf) {
    PLUMB_ASSIGN_OR_RETURN(plan->layout,
                           LayOutGgufContainer(MetadataAsGguf(source, plan->main, &plan->dropped_keys), tensors));
  } else {
    DropAllMetadata(source, &plan->dropped_keys);
    PLUMB_ASSIGN_OR_RETURN(plan->layout, LayOutNpz(tensors));
  }
  for (size_t i = 0; i < tensors.size(); ++i) {
    const SourceTensor& tensor = source.tensors()[i];
    plan->payloads.push_back({&source, &tensor, plan->types[i]});
    plan->unshared += tensor.shared_storage ? 1 : 0;
  }
  return absl::OkStatus();
}

absl::Status PlanShared(const TensorSource& source, Plan* plan) {
  DropAllMetadata(source, &plan->dropped_keys);
  PLUMB_ASSIGN_OR_RETURN(Storages storages, FindStorages(source, plan->types));
  PLUMB_ASSIGN_OR_RETURN(plan->layout, LayOutCheckpoint(storages.storages, storages.tensors));
  plan->shared = std::move(storages.shared);
  plan->payloads = std::move(storages.payloads);
  plan->unshared = storages.unshared;
  return absl::OkStatus();
}

// What of a source is written.
struct Selection {
  std::unique_ptr<TensorSource> owner;  // Of `source`, when something is left out.
  const TensorSource* source = nullptr;
  std::vector<ChosenType> types;  // Parallel to its tensors.
  std::vector<UnreadableTensor> skipped;
};

// The same with those tensors alone for which `keep` is true.
absl::StatusOr<std::unique_ptr<TensorSource>> Only(const TensorSource& source, const std::vector<bool>& keep) {
  TensorSourceParts parts = {.format = source.format(),
                             .files = source.files(),
                             .metadata = source.metadata().entries(),
                             .notes = OtherNotes(source),
                             .codec = gguf::GgmlBlockCodec()};
  for (size_t i = 0; i < keep.size(); ++i) {
    if (keep[i]) parts.tensors.push_back(source.tensors()[i]);
  }
  return TensorSource::New(std::move(parts));
}

absl::Status CannotWrite(const std::vector<UnreadableTensor>& tensors, size_t all, const TargetFormat& target) {
  constexpr size_t kNamedMax = 8;
  std::vector<std::string> texts;
  for (size_t i = 0; i < std::min(tensors.size(), kNamedMax); ++i) texts.push_back(UnreadableText(tensors[i]));
  const std::string more = tensors.size() > kNamedMax ? fmt::format("; and {} more", tensors.size() - kNamedMax) : "";
  return WithErrorClass(
      absl::FailedPreconditionError(fmt::format("{} of {} tensors cannot be written as {}: {}{}", tensors.size(), all,
                                                target.title, fmt::join(texts, "; "), more)),
      ErrorClass::kPolicy);
}

absl::StatusOr<Selection> Select(const TensorSource& source, const ConvertOptions& options) {
  Selection selection = {.source = &source};
  const TargetFormat& target = TargetFormatOf(options.target);
  std::vector<UnreadableTensor> cannot;
  for (const UnreadableTensor& tensor : UnreadableIn(source)) {
    (tensor.weight ? cannot : selection.skipped).push_back(tensor);
  }
  PLUMB_ASSIGN_OR_RETURN(std::vector<ChosenType> types, ChooseTypes(source, target, options.dtype, options.float32));
  std::vector<bool> keep;
  for (size_t i = 0; i < types.size(); ++i) {
    keep.push_back(types[i].why_not.empty());
    if (!keep[i]) cannot.push_back({source.tensors()[i].name, types[i].why_not});
    if (keep[i]) selection.types.push_back(std::move(types[i]));
  }
  if (!cannot.empty() && (!options.skip || selection.types.empty())) {
    return CannotWrite(cannot, cannot.size() + selection.types.size(), target);
  }
  if (selection.types.size() < keep.size()) {
    PLUMB_ASSIGN_OR_RETURN(selection.owner, Only(source, keep));
    selection.source = selection.owner.get();
  }
  selection.skipped.insert(selection.skipped.end(), cannot.begin(), cannot.end());
  return selection;
}

// The type that most elements are written in, of those that were to be converted.
std::optional<DType> MainType(const Selection& selection, const ConvertOptions& options) {
  if (!options.dtype) return std::nullopt;
  std::map<DType, uint64_t> elements;
  for (size_t i = 0; i < selection.types.size(); ++i) {
    elements[selection.types[i].dtype] += selection.source->tensors()[i].element_count();
  }
  DType main = *options.dtype;
  for (const auto& [dtype, count] : elements) {
    if (count > elements[main]) main = dtype;
  }
  return main;
}

absl::StatusOr<Plan> MakePlan(const Selection& selection, const ConvertOptions& options) {
  Plan plan;
  for (const ChosenType& chosen : selection.types) plan.types.push_back(chosen.dtype);
  plan.main = MainType(selection, options);
  const TensorSource& source = *selection.source;
  PLUMB_RETURN_IF_ERROR(options.target == ConvertTarget::kPytorch ? PlanShared(source, &plan)
                                                                  : PlanApart(source, options, &plan));
  return plan;
}

absl::Status WriteAll(const std::vector<PlacedBytes>& pieces, const StagedFile& file) {
  for (const PlacedBytes& piece : pieces) PLUMB_RETURN_IF_ERROR(file.Write(AsBytes(piece.bytes), piece.offset));
  return absl::OkStatus();
}

// The one file that is being written, under whatever name.
class StagedFolder : public ByteFolder {
 public:
  explicit StagedFolder(const StagedFile& file) : file_(file) {}
  absl::StatusOr<std::shared_ptr<const ByteSource>> Open(std::string_view path) const override {
    return MapByteSource(file_.fd(), path);
  }

 private:
  const StagedFile& file_;
};

// Reads the headers that were written: whatever is wrong with them must show before the data is written.
absl::Status CheckHeaders(const TensorSource& source, const std::vector<DType>& types, const StagedFile& file) {
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<TensorSource> written,
                         OpenTensorSource(StagedFolder(file), "what is written"));
  if (written->tensors().size() != types.size()) {
    return Internal(fmt::format("{} tensors were written, {} are read back", types.size(), written->tensors().size()));
  }
  for (size_t i = 0; i < types.size(); ++i) {
    const SourceTensor& wanted = source.tensors()[i];
    const SourceTensor* found = written->Find(wanted.name);
    if (found == nullptr || found->dtype != types[i] || found->shape != wanted.shape) {
      return Internal(fmt::format("tensor {} is not read back as it was written", QuoteForMessage(wanted.name)));
    }
  }
  return absl::OkStatus();
}

ConvertReport MakeReport(const Selection& selection, const ConvertOptions& options, const Plan& plan) {
  const TensorSource& source = *selection.source;
  ConvertReport report;
  report.skipped = selection.skipped;
  report.tensors = plan.types.size();
  report.file_bytes = plan.layout.file_bytes;
  report.unshared = plan.unshared;
  report.dropped_keys = plan.dropped_keys;
  for (size_t i = 0; i < plan.types.size(); ++i) {
    const DType before = source.tensors()[i].dtype, after = plan.types[i];
    ++report.types[after];
    if (before == after) continue;
    ++report.converted;
    report.requantised += IsGgmlBlockDType(before) && IsGgmlBlockDType(after) ? 1 : 0;
  }
  for (size_t i = 0; options.dtype && i < plan.types.size(); ++i) {
    if (selection.types[i].fell_back) ++report.fallbacks[plan.types[i]];
    report.not_asked += plan.types[i] == DType::kF32 && *options.dtype != DType::kF32 ? 1 : 0;
  }
  return report;
}

// Early, so that nobody waits for an error that could be told at once.
absl::Status CheckDestination(const std::string& path, bool replace) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    return errno == ENOENT ? absl::OkStatus() : ErrnoStatus(errno, fmt::format("look at {}", path));
  }
  if (S_ISDIR(info.st_mode)) return InvalidArgument(fmt::format("{} is a folder, expected the name of a file", path));
  if (!replace) return AlreadyExists(fmt::format("{} is there already", path));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ConvertReport> ConvertTensors(const TensorSource& source, const std::string& path,
                                             const ConvertOptions& options) {
  PLUMB_RETURN_IF_ERROR(CheckDestination(path, options.replace));
  PLUMB_ASSIGN_OR_RETURN(const Selection selection, Select(source, options));
  PLUMB_ASSIGN_OR_RETURN(Plan plan, MakePlan(selection, options));
  ConvertReport report = MakeReport(selection, options, plan);
  PLUMB_ASSIGN_OR_RETURN(StagedFile file, StagedFile::Create(path, plan.layout.file_bytes));
  PLUMB_RETURN_IF_ERROR(WriteAll(plan.layout.fixed, file));
  if (plan.layout.seal) {
    const std::vector<uint32_t> unknown_sums(plan.payloads.size());
    PLUMB_RETURN_IF_ERROR(WriteAll(plan.layout.seal(unknown_sums), file));
  }
  PLUMB_RETURN_IF_ERROR(CheckHeaders(*selection.source, plan.types, file));
  PLUMB_ASSIGN_OR_RETURN(WrittenPayloads written, WritePayloads(plan.payloads, plan.layout, file, options.progress));
  if (plan.layout.seal) PLUMB_RETURN_IF_ERROR(WriteAll(plan.layout.seal(written.crc32s), file));
  for (size_t i = 0; i < plan.payloads.size(); ++i) {
    if (written.overflowed[i] == 0) continue;
    report.overflowed.emplace_back(plan.payloads[i].tensor->name, written.overflowed[i]);
  }
  PLUMB_RETURN_IF_ERROR(file.Publish(options.replace));
  return report;
}

}  // namespace plumb
