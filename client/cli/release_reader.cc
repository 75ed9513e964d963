#include "client/cli/release_reader.h"

#include <utility>
#include <vector>

#include "client/cli/argument.h"
#include "client/cli/error_report.h"
#include "client/cli/suggest.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/client/catalogue.h"

namespace plumb::cli {

absl::StatusOr<ReleaseReader> ReleaseReader::Open(Context& context, const std::string& argument) {
  ReleaseReader reader;
  reader.argument_ = argument;
  PLUMB_ASSIGN_OR_RETURN(ArgumentKind kind, KindOfArgument(argument));
  if (kind == ArgumentKind::kFile) {
    absl::Status status = UsageError(argument + " is a file, expected a reference or a folder that `plumb pull` made");
    return WithMend(status, "plumb inspect " + argument);
  }
  if (kind == ArgumentKind::kFolder) {
    absl::StatusOr<ReleaseFolder> folder = ReleaseFolder::Open(argument);
    if (absl::IsNotFound(folder.status())) return WithMend(folder.status(), "plumb pull REF " + argument);
    PLUMB_RETURN_IF_ERROR(folder.status());
    reader.stored_ = folder->manifest();
    reader.folder_ = *std::move(folder);
    return reader;
  }
  PLUMB_ASSIGN_OR_RETURN(NamedRelease named, FindNamedRelease(context, argument));
  PLUMB_ASSIGN_OR_RETURN(reader.stored_, GetManifest(*named.connection, named.digest));
  reader.registry_ = named.reference.registry;
  reader.release_ = std::move(named.release);
  reader.connection_ = std::move(named.connection);
  return reader;
}

absl::Status ReleaseReader::ReadWhereItLies(Context& context, const std::string& path, const ByteTaker& taker) const {
  const Operation operation = context.LongOperation();
  if (folder_.has_value()) return ReadFolderFile(*folder_, path, operation, taker);
  if (!connection_->offline()) return ReadReleaseFile(*connection_, stored_.manifest, path, operation, taker);
  // What is here are whole files.
  PLUMB_ASSIGN_OR_RETURN(std::string cached, PathFor(context, argument_));
  PLUMB_ASSIGN_OR_RETURN(ReleaseFolder folder, ReleaseFolder::Open(cached));
  return ReadFolderFile(folder, path, operation, taker);
}

absl::Status ReleaseReader::Read(Context& context, const std::string& path, const ByteTaker& taker) const {
  const absl::Status status = ReadWhereItLies(context, path, taker);
  context.output().ClearProgress();
  if (!absl::IsNotFound(status)) return status;
  std::vector<std::string> paths;
  for (const v1::File& file : stored_.manifest.files()) paths.push_back(file.path());
  const std::string nearest = Nearest(path, paths);
  const bool known = FindFile(stored_.manifest, path) != nullptr;
  if (!known && !nearest.empty()) {
    return WithMend(NotFound(fmt::format("{}; did you mean {}?", Message(status), nearest)),
                    fmt::format("plumb cat {} {}", argument_, nearest));
  }
  return WithMend(status, fmt::format("plumb {} {}", known ? "verify" : "files", argument_));
}

absl::StatusOr<std::string> ReleaseReader::ReadText(Context& context, const std::string& path,
                                                    uint64_t bytes_max) const {
  std::string text;
  PLUMB_RETURN_IF_ERROR(Read(context, path, [&](std::span<const uint8_t> bytes) {
    if (text.size() + bytes.size() > bytes_max) {
      return absl::ResourceExhaustedError(fmt::format("{} is larger than {} bytes", path, bytes_max));
    }
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return absl::OkStatus();
  }));
  return text;
}

}  // namespace plumb::cli
