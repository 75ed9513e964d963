#include "plumb/client/pull_smoke.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "client/library/arrivals.h"
#include "client/library/folder_record.h"
#include "plumb/base/status.h"
#include "plumb/inference/backend.h"

namespace plumb {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kViewPrefix = "smoke-";

// Where a tensor lies.
struct Place {
  std::string path;
  uint64_t begin = 0;
  uint64_t end = 0;
};

std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }

// The cases that the manifest records, else those that its files form, when all of them can be run while they arrive:
// each with a golden, and every file of it selected.
std::vector<SmokeCase> CasesOf(const v1::Manifest& manifest, const std::set<std::string>& selected) {
  std::vector<SmokeCase> cases;
  for (const v1::SmokeCase& smoke : manifest.smoke_cases()) {
    cases.push_back({smoke.name(), smoke.config_path(), smoke.weights_path(), smoke.golden_path()});
  }
  if (cases.empty()) cases = DiscoverSmokeCases({selected.begin(), selected.end()});
  for (const SmokeCase& smoke : cases) {
    for (const std::string& path : {smoke.config_path, smoke.weights_path, smoke.golden_path}) {
      if (!selected.contains(path)) return {};
    }
    // What an ONNX file says stands between its tensors: nothing of it can run before all of it is there.
    if (smoke.weights_path.ends_with(".onnx")) return {};
  }
  return cases;
}

}  // namespace

class PullSmoke::State {
 public:
  State(std::string folder, std::string backend) : folder_(std::move(folder)), backend_(std::move(backend)) {}

  ~State() { Stop(absl::CancelledError("ended")); }

  void Begin(const v1::Manifest& manifest, const std::vector<std::string>& paths) {
    const std::set<std::string> selected(paths.begin(), paths.end());
    cases_ = CasesOf(manifest, selected);
    absl::StatusOr<const Backend*> backend = FindBackend(backend_);
    if (cases_.empty() || !backend.ok() || !(*backend)->Available().ok()) return;
    for (const v1::File& file : manifest.files()) {
      if (!selected.contains(file.path())) continue;
      sizes_[file.path()] = file.size_bytes();
      for (const v1::Tensor& tensor : file.tensors()) {
        uint64_t& header = headers_.try_emplace(file.path(), tensor.begin()).first->second;
        header = std::min<uint64_t>(header, tensor.begin());
        tensors_[file.path()][tensor.name()] = {file.path(), tensor.begin(), tensor.end()};
      }
    }
    if (!MakeView()) return;
    thread_ = std::thread([this] { Run(); });
  }

  // Shows a file to the check under its own name.
  void Prepared(const std::string& path, const std::string& place) {
    if (view_.empty()) return;
    std::error_code error;
    fs::create_directories((fs::path(view_) / path).parent_path(), error);
    if (!error) fs::create_hard_link(fs::path(folder_) / place, fs::path(view_) / path, error);
    if (error) Give(absl::UnavailableError(error.message()));
  }

  void Verified(const std::string& path, uint64_t begin, uint64_t end) { arrivals_.Add(path, begin, end); }

  std::optional<SmokeReport> Finish(const absl::Status& pulled) {
    if (!pulled.ok()) stopped_ = true;
    // What a successful pull did not report will not come: nobody must wait for it.
    Stop(pulled);
    if (!pulled.ok() || !report_ || report_->verdict != Verdict::kPass) return std::nullopt;
    return std::move(report_);
  }

 private:
  bool MakeView() {
    std::error_code error;
    const fs::path record = fs::path(folder_) / kRecordFolder;
    // Views of pulls that were killed.
    for (const fs::directory_entry& entry : fs::directory_iterator(record, error)) {
      if (entry.path().filename().string().starts_with(kViewPrefix)) fs::remove_all(entry.path(), error);
    }
    std::string name = (record / (std::string(kViewPrefix) + "XXXXXX")).string();
    if (mkdtemp(name.data()) == nullptr) return false;
    view_ = name;
    return true;
  }

  void Give(const absl::Status& status) {
    stopped_ = true;
    arrivals_.End(status);
  }

  // Lets the check come to its end, and removes what it saw.
  void Stop(const absl::Status& status) {
    arrivals_.End(status);
    if (thread_.joinable()) thread_.join();
    std::error_code error;
    if (!view_.empty()) fs::remove_all(view_, error);
    view_.clear();
  }

  // The files that hold a case's tensors: its container, the shards beside its index, or the parts of a split GGUF
  // file.
  bool Holds(const SmokeCase& smoke, const std::string& path) const {
    if (path == smoke.weights_path) return true;
    if (const size_t number = smoke.weights_path.rfind("-00001-of-"); number != std::string::npos) {
      const std::string_view parts = std::string_view(smoke.weights_path).substr(number + 6);
      if (path.starts_with(smoke.weights_path.substr(0, number)) && path.ends_with(parts)) return true;
    }
    if (headers_.contains(smoke.weights_path) || FolderOf(path) != FolderOf(smoke.weights_path)) return false;
    return std::none_of(cases_.begin(), cases_.end(), [&](const SmokeCase& c) { return c.weights_path == path; });
  }

  absl::Status AwaitCase(const SmokeCase& smoke) {
    for (const std::string& path : {smoke.config_path, smoke.golden_path}) {
      if (path == smoke.weights_path) continue;  // It describes itself, at its beginning.
      PLUMB_RETURN_IF_ERROR(arrivals_.Await(path, 0, sizes_.at(path)));
    }
    // An index, of which the manifest knows no tensors.
    if (!headers_.contains(smoke.weights_path)) {
      PLUMB_RETURN_IF_ERROR(arrivals_.Await(smoke.weights_path, 0, sizes_.at(smoke.weights_path)));
    }
    for (const auto& [path, header] : headers_) {
      if (Holds(smoke, path)) PLUMB_RETURN_IF_ERROR(arrivals_.Await(path, 0, header));
    }
    return absl::OkStatus();
  }

  absl::Status AwaitTensor(const std::string& weights_path, const std::string& tensor) {
    for (const SmokeCase& smoke : cases_) {
      if (smoke.weights_path != weights_path) continue;
      for (const auto& [path, tensors] : tensors_) {
        auto place = tensors.find(tensor);
        if (place == tensors.end() || !Holds(smoke, path)) continue;
        return arrivals_.Await(path, place->second.begin, place->second.end);
      }
    }
    return NotFound("the manifest does not know the tensor " + tensor);
  }

  void Run() {
    for (const SmokeCase& smoke : cases_) {
      if (!AwaitCase(smoke).ok()) return;
    }
    absl::StatusOr<Directory> view = Directory::Open(view_);
    if (!view.ok()) return;
    SmokeOptions options;
    options.backends = {backend_};
    options.cancelled = &stopped_;
    options.bisect = false;
    options.await_tensor = [this](const std::string& weights, const std::string& tensor) {
      return AwaitTensor(weights, tensor);
    };
    if (absl::StatusOr<SmokeReport> report = RunSmokeCheck(*view, cases_, options); report.ok()) {
      report_ = *std::move(report);
    }
  }

  const std::string folder_;
  const std::string backend_;
  std::vector<SmokeCase> cases_;
  std::map<std::string, uint64_t> sizes_;
  std::map<std::string, uint64_t> headers_;  // Bytes before the first tensor.
  std::map<std::string, std::map<std::string, Place>> tensors_;
  std::string view_;  // The folder of links; empty when nothing runs.
  Arrivals arrivals_;
  std::atomic<bool> stopped_ = false;
  std::thread thread_;
  std::optional<SmokeReport> report_;
};

PullSmoke::PullSmoke(std::string folder, std::string backend)
    : state_(std::make_unique<State>(std::move(folder), std::move(backend))) {}
PullSmoke::~PullSmoke() = default;

void PullSmoke::Begin(const v1::Manifest& manifest, const std::vector<std::string>& paths) {
  state_->Begin(manifest, paths);
}
void PullSmoke::Prepared(const std::string& path, const std::string& place) { state_->Prepared(path, place); }
void PullSmoke::Verified(const std::string& path, uint64_t begin, uint64_t end) { state_->Verified(path, begin, end); }
std::optional<SmokeReport> PullSmoke::Finish(const absl::Status& pulled) { return state_->Finish(pulled); }

}  // namespace plumb
