#include "plumb/client/inspect.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "client/library/remote_folder.h"
#include "fmt/format.h"
#include "plumb/base/directory.h"
#include "plumb/base/ignore_rules.h"
#include "plumb/base/local_path.h"
#include "plumb/base/status.h"
#include "plumb/containers/file_roles.h"
#include "plumb/containers/open.h"
#include "plumb/manifest/manifest.h"

namespace plumb {
namespace {

constexpr int kThreads = 2;

// Files that are not worth a request to learn that they are no containers.
bool IsDocument(std::string_view path) {
  if (IsShardIndex(path)) return false;
  for (std::string_view ending : {".json", ".jsonl", ".md", ".txt", ".yaml", ".yml", ".py", ".jinja", ".csv", ".toml",
                                  ".html", ".pdf", ".png", ".jpg", ".gitattributes", "LICENSE", "NOTICE"}) {
    if (path.ends_with(ending)) return true;
  }
  return false;
}

// Reads tensors on a few threads, the next one wherever one is done.
class StatisticsRun {
 public:
  StatisticsRun(const TensorSource& source, const std::string& path, const Operation& operation)
      : source_(source), operation_(operation), found_(source.tensors().size()) {
    progress_ = {.phase = "inspect", .item = path, .done_bytes = 0, .total_bytes = 0};
    for (const SourceTensor& tensor : source.tensors()) progress_.total_bytes += tensor.size_bytes();
  }

  absl::StatusOr<std::vector<std::optional<TensorStatistics>>> Run() {
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back([this] { Work(); });
    for (std::thread& thread : threads) thread.join();
    PLUMB_RETURN_IF_ERROR(error_);
    return std::move(found_);
  }

 private:
  void Work() {
    for (size_t i = next_++; i < found_.size(); i = next_++) {
      const SourceTensor& tensor = source_.tensors()[i];
      auto check = [this](uint64_t) { return operation_.Check(); };
      absl::StatusOr<TensorStatistics> statistics = StatisticsOf(source_, tensor, check);
      source_.Release(tensor);
      std::lock_guard lock(mutex_);
      progress_.done_bytes += tensor.size_bytes();
      operation_.Report(progress_);
      if (statistics.ok()) found_[i] = *statistics;
      // Types that are no numbers have none.
      if (!statistics.ok() && !absl::IsInvalidArgument(statistics.status()) && error_.ok())
        error_ = statistics.status();
      if (!error_.ok()) return;
    }
  }

  const TensorSource& source_;
  const Operation& operation_;
  std::atomic<size_t> next_{0};
  std::mutex mutex_;  // Guards what follows.
  Progress progress_;
  std::vector<std::optional<TensorStatistics>> found_;
  absl::Status error_;
};

InspectedContainer Describe(const TensorSource& source, std::string path) {
  InspectedContainer container{.path = std::move(path), .format = std::string(source.format())};
  for (const SourceFile& file : source.files()) {
    container.files.push_back({file.path, file.bytes->Size(), file.unpacked});
  }
  container.tensors = source.tensors();
  container.metadata = source.metadata().entries();
  container.notes = OtherNotes(source);
  container.unreadable = UnreadableIn(source);
  container.conventions = RecogniseConventions(container.tensors);
  return container;
}

void NoteBadBlocks(InspectedContainer* container) {
  constexpr size_t kNamedMax = 8;
  size_t bad_tensors = 0;
  for (size_t i = 0; i < container->tensors.size(); ++i) {
    const std::optional<TensorStatistics>& statistics = container->statistics[i];
    if (!statistics.has_value() || statistics->bad_blocks == 0 || ++bad_tensors > kNamedMax) continue;
    container->notes.push_back(fmt::format("tensor {} has {} blocks whose scale is NaN or infinite",
                                           container->tensors[i].name, statistics->bad_blocks));
  }
  if (bad_tensors > kNamedMax) {
    container->notes.push_back(fmt::format("{} more tensors have such blocks", bad_tensors - kNamedMax));
  }
}

// Nothing but the manifest is known of the file.
std::string NamedFormat(std::string_view path) {
  const std::string_view format = FormatOfName(path);
  return format.empty() ? "unknown" : std::string(format);
}

InspectedContainer FromManifest(const v1::File& file) {
  InspectedContainer container{.path = file.path(), .format = NamedFormat(file.path()), .from_manifest = true};
  container.files.push_back({file.path(), file.size_bytes()});
  uint64_t unknown = 0;
  for (const v1::Tensor& listed : file.tensors()) {
    std::optional<DType> dtype = ParseDType(listed.dtype());
    unknown += dtype.has_value() ? 0 : 1;
    if (!dtype.has_value()) continue;
    SourceTensor& tensor = container.tensors.emplace_back();
    tensor.name = listed.name();
    tensor.dtype = *dtype;
    tensor.shape.assign(listed.shape().begin(), listed.shape().end());
    if (listed.begin() < listed.end()) tensor.ranges.push_back({0, listed.begin(), listed.end()});
  }
  container.notes.push_back(
      fmt::format("described from the manifest: its header was not read, it needs more than {} KiB",
                  InspectBytesMax(file.path()) >> 10));
  if (unknown > 0) container.notes.push_back(fmt::format("{} tensors have an element type that is not known", unknown));
  container.conventions = RecogniseConventions(container.tensors);
  return container;
}

// Looks at one file after another.
class Inspector {
 public:
  // `manifest` may be nullptr.
  Inspector(const ByteFolder& folder, const InspectOptions& options, const v1::Manifest* manifest,
            const Operation& operation)
      : folder_(folder), options_(options), manifest_(manifest), operation_(operation) {}

  absl::Status LookAt(std::vector<std::string> paths) {
    std::stable_sort(paths.begin(), paths.end(), [](const std::string& a, const std::string& b) {
      return std::pair(!IsShardIndex(a), std::string_view(a)) < std::pair(!IsShardIndex(b), std::string_view(b));
    });
    for (const std::string& path : paths) {
      PLUMB_RETURN_IF_ERROR(operation_.Check());
      operation_.Report({.phase = "inspect", .item = path, .done_bytes = 0, .total_bytes = 0});
      if (!covered_.contains(path)) PLUMB_RETURN_IF_ERROR(LookAtFile(path));
    }
    std::sort(result_.containers.begin(), result_.containers.end(),
              [](const auto& a, const auto& b) { return a.path < b.path; });
    for (const std::string& path : paths) result_.other_files += covered_.contains(path) ? 0 : 1;
    return absl::OkStatus();
  }

  Inspection TakeResult() { return std::move(result_); }

 private:
  absl::Status LookAtFile(const std::string& path) {
    const v1::File* listed = manifest_ == nullptr ? nullptr : FindFile(*manifest_, path);
    if (listed != nullptr && listed->tensors().empty() && IsDocument(path)) return absl::OkStatus();
    absl::StatusOr<std::string_view> format = ContainerFormatOf(folder_, path);
    if (absl::IsResourceExhausted(format.status()) && listed != nullptr) return AddFromManifest(*listed);
    if (!format.ok() && IsOfTheFile(format.status())) return AddBroken(path, NamedFormat(path), format.status());
    PLUMB_RETURN_IF_ERROR(format.status());
    if (format->empty()) return LookAtForeign(path);
    absl::StatusOr<std::unique_ptr<TensorSource>> source = OpenTensorSource(folder_, path);
    if (absl::IsResourceExhausted(source.status()) && listed != nullptr) return AddFromManifest(*listed);
    if (!source.ok() && IsOfTheFile(source.status())) return AddBroken(path, *format, source.status());
    PLUMB_RETURN_IF_ERROR(source.status());
    InspectedContainer container = Describe(**source, path);
    if (options_.statistics) {
      absl::StatusOr<std::vector<std::optional<TensorStatistics>>> found =
          StatisticsRun(**source, path, operation_).Run();
      if (!found.ok() && !IsOfTheFile(found.status())) return found.status();
      if (!found.ok()) return AddBroken(path, *format, found.status());
      container.statistics = *std::move(found);
      NoteBadBlocks(&container);
    }
    covered_.insert(path);
    for (const InspectedFile& file : container.files) covered_.insert(file.path);
    result_.containers.push_back(std::move(container));
    return absl::OkStatus();
  }

  // One file that cannot be read is a result; the others are described all the same. Of a release whatever the network
  // does ends it.
  bool IsOfTheFile(const absl::Status& status) const {
    if (absl::IsCancelled(status)) return false;
    if (manifest_ == nullptr) return true;
    return absl::IsInvalidArgument(status) || absl::IsNotFound(status) || absl::IsOutOfRange(status) ||
           absl::IsFailedPrecondition(status);
  }

  // Models of other programs are named; whatever else it is counts as a file.
  absl::Status LookAtForeign(const std::string& path) {
    PLUMB_ASSIGN_OR_RETURN(std::optional<ForeignFormat> foreign, ForeignContainerOf(folder_, path));
    if (!foreign || !foreign->model()) return absl::OkStatus();
    PLUMB_RETURN_IF_ERROR(AddBroken(path, foreign->name, absl::OkStatus()));
    result_.containers.back().foreign = foreign->what;
    return absl::OkStatus();
  }

  absl::Status AddFromManifest(const v1::File& file) {
    // An index has no tensors of its own: its shards speak for themselves.
    covered_.insert(file.path());
    if (!file.tensors().empty()) result_.containers.push_back(FromManifest(file));
    return absl::OkStatus();
  }

  absl::Status AddBroken(const std::string& path, std::string_view format, const absl::Status& error) {
    InspectedContainer container{.path = path, .format = std::string(format), .error = error};
    absl::StatusOr<std::shared_ptr<const ByteSource>> bytes = folder_.Open(path);
    container.files.push_back({path, bytes.ok() ? (*bytes)->Size() : 0});
    covered_.insert(path);
    result_.containers.push_back(std::move(container));
    return absl::OkStatus();
  }

  const ByteFolder& folder_;
  const InspectOptions& options_;
  const v1::Manifest* manifest_;
  const Operation& operation_;
  std::set<std::string> covered_;
  Inspection result_;
};

absl::StatusOr<Inspection> InspectFile(const Directory& directory, const std::string& name,
                                       const InspectOptions& options, const Operation& operation) {
  DirectoryByteFolder folder(&directory);
  Inspector inspector(folder, options, nullptr, operation);
  PLUMB_RETURN_IF_ERROR(inspector.LookAt({name}));
  Inspection inspection = inspector.TakeResult();
  // The error of a file that is of no known format says which there are.
  if (inspection.containers.empty()) return OpenTensorSource(folder, name).status();
  inspection.size_bytes = inspection.containers.front().size_bytes();
  PLUMB_RETURN_IF_ERROR(inspection.containers.front().error);
  return inspection;
}

}  // namespace

uint64_t InspectedContainer::size_bytes() const {
  uint64_t bytes = 0;
  for (const InspectedFile& file : files) bytes += file.unpacked ? 0 : file.size_bytes;
  return bytes;
}

absl::StatusOr<Inspection> InspectPath(const std::string& path, const InspectOptions& options,
                                       const Operation& operation) {
  PLUMB_ASSIGN_OR_RETURN(LocalPath place, OpenLocalPath(path));
  if (!place.file.empty()) return InspectFile(place.folder, place.file, options, operation);
  PLUMB_ASSIGN_OR_RETURN(std::vector<DirectoryEntry> entries, ListModelFolder(place.folder));
  DirectoryByteFolder folder(&place.folder);
  Inspector inspector(folder, options, nullptr, operation);
  std::vector<std::string> paths;
  for (const DirectoryEntry& entry : entries) paths.push_back(entry.path);
  PLUMB_RETURN_IF_ERROR(inspector.LookAt(std::move(paths)));
  Inspection inspection = inspector.TakeResult();
  for (const DirectoryEntry& entry : entries) inspection.size_bytes += entry.size_bytes;
  return inspection;
}

absl::StatusOr<Inspection> InspectRelease(Connection& connection, const v1::Manifest& manifest,
                                          const Operation& operation) {
  RemoteFolder folder(connection, manifest, operation);
  InspectOptions options;
  Inspector inspector(folder, options, &manifest, operation);
  std::vector<std::string> paths;
  for (const v1::File& file : manifest.files()) paths.push_back(file.path());
  PLUMB_RETURN_IF_ERROR(inspector.LookAt(std::move(paths)));
  Inspection inspection = inspector.TakeResult();
  inspection.size_bytes = TotalBytes(manifest);
  inspection.received_bytes = folder.received_bytes();
  return inspection;
}

}  // namespace plumb
