// Opens any container that Plumb reads. What a file is, its content says; its name is not asked.
#ifndef PLUMB_CONTAINERS_OPEN_H_
#define PLUMB_CONTAINERS_OPEN_H_

#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "plumb/base/byte_source.h"
#include "plumb/base/directory.h"
#include "plumb/containers/foreign.h"
#include "plumb/weights/tensor_source.h"

namespace plumb {

// Opens `path` below `folder`, with the files beside it that it speaks of (shards, external data). INVALID_ARGUMENT
// (ErrorClass::kPolicy) for a file of no known format, and with the rule that is broken for one that is not sound;
// NOT_FOUND when it or a file it needs is not there.
absl::StatusOr<std::unique_ptr<TensorSource>> OpenTensorSource(const Directory& folder, std::string_view path);

// The same from files that lie elsewhere: only headers are read. Keeps the byte sources that `folder` gives, not
// `folder` itself.
absl::StatusOr<std::unique_ptr<TensorSource>> OpenTensorSource(const ByteFolder& folder, std::string_view path);

// The name of the format that the first file's content claims; empty when none does.
absl::StatusOr<std::string_view> ContainerFormatOf(const ByteFolder& folder, std::string_view path);

// What the first file is if its content is that of another program's model, which is not read; nullopt for others.
absl::StatusOr<std::optional<ForeignFormat>> ForeignContainerOf(const ByteFolder& folder, std::string_view path);

}  // namespace plumb

#endif  // PLUMB_CONTAINERS_OPEN_H_
