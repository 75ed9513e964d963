// Every limit Plumb sets on input it did not make itself. Units are in the names.
// Each has a test at the limit and one past it.
#ifndef PLUMB_BASE_LIMITS_H_
#define PLUMB_BASE_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace plumb::limits {

// Names and paths.
inline constexpr size_t kModelNameBytesMax = 96;
inline constexpr size_t kVersionBytesMax = 128;
inline constexpr size_t kPathBytesMax = 1024;
inline constexpr size_t kPathPartBytesMax = 255;
inline constexpr size_t kReasonBytesMax = 4096;

// Text documents read whole.
inline constexpr uint64_t kJsonDepthMax = 64;
inline constexpr uint64_t kConfigBytesMax = 16u << 20;
inline constexpr uint64_t kCardBytesMax = 4u << 20;
inline constexpr uint64_t kRecipeBytesMax = 4u << 20;
inline constexpr uint64_t kFrontMatterBytesMax = 256u << 10;
inline constexpr size_t kDocumentNodesMax = 100'000;
inline constexpr size_t kLicenceExpressionDepthMax = 32;
inline constexpr uint64_t kLicenceTextBytesMax = 1u << 20;
inline constexpr size_t kLicenceExpressionBytesMax = 1024;

// Weight containers.
inline constexpr uint64_t kSafetensorsHeaderBytesMax = 100'000'000;  // The specification's own limit.
inline constexpr size_t kSafetensorsMetadataEntriesMax = 65'536;
inline constexpr uint64_t kShardIndexBytesMax = 16u << 20;
inline constexpr size_t kShardsMax = 10'000;
inline constexpr size_t kTensorRankMax = 64;
inline constexpr size_t kTensorNameBytesMax = 1024;
// GGUF: the reference reader's limits, and for the alignment a smaller one.
inline constexpr uint64_t kGgufAlignmentMax = 65'536;
inline constexpr uint64_t kGgufKeyBytesMax = 65'535;
inline constexpr uint64_t kGgufStringBytesMax = 1u << 30;
inline constexpr uint64_t kGgufArrayElementsMax = 1u << 30;
inline constexpr uint64_t kGgufTensorNameBytesMax = 63;
inline constexpr uint32_t kGgufTensorRankMax = 4;
inline constexpr uint64_t kArchiveEntriesMax = 1'000'000;
inline constexpr uint64_t kExpandedBytesMax = 1u << 30;  // Of a tensor whose strides repeat elements.
inline constexpr uint64_t kUnpackedBytesMax = 1ull << 32;  // Of compressed arrays, kept in memory.
inline constexpr uint64_t kNpyHeaderBytesMax = 1u << 20;
inline constexpr uint64_t kTableBytesMax = 256u << 20;       // The index of a TensorFlow checkpoint.
inline constexpr uint64_t kSavedModelBytesMax = 1ull << 31;  // Protobuf's own limit.
inline constexpr uint64_t kPickleBytesMax = 64u << 20;
inline constexpr size_t kPickleNodesMax = 4'000'000;
// HDF5, which a process of its own reads.
inline constexpr size_t kHdf5ObjectsMax = 250'000;  // Groups and datasets, each as often as links lead to it.
inline constexpr size_t kHdf5DepthMax = 64;
inline constexpr uint64_t kHdf5ChunksMax = 1'000'000;  // Of all datasets of a file.
inline constexpr uint64_t kHdf5ChunkBytesMax = 1u << 30;
inline constexpr uint64_t kHdf5DescriptionBytesMax = 64u << 20;  // What the process says about a file.
inline constexpr uint64_t kHdf5RereadsMax = 16;                  // How often it may read the file's size.
inline constexpr uint64_t kHdf5MemoryBytesMax = 1u << 30;
inline constexpr uint32_t kHdf5CpuSecondsMax = 20;
inline constexpr uint32_t kHdf5SecondsMax = 60;  // By the clock, where the machine has more to do.

// Content.
inline constexpr uint32_t kChunkBytes = 1u << 20;     // What the chunker cuts.
inline constexpr uint32_t kChunkBytesMax = 4u << 20;  // What the protocol accepts.
inline constexpr uint32_t kFrameHeaderBytesMax = 64;  // What a stored form adds to a chunk's bytes at most.
inline constexpr uint32_t kFrameBytesMax = kChunkBytesMax + kFrameHeaderBytesMax;
inline constexpr uint32_t kDifferenceDepthMax = 16;  // Differences to undo, one after another, to read a chunk.
inline constexpr uint64_t kPackBytesMax = 1ull << 32;
inline constexpr uint64_t kChunksPerFileMax = 1ull << 26;
inline constexpr uint64_t kFileBytesMax = 1ull << 46;

// Models and their graphs.
inline constexpr uint64_t kModelLayersMax = 1024;
inline constexpr uint64_t kModelWidthMax = 1u << 24;  // Any one dimension that a config.json states.
inline constexpr uint64_t kTensorElementsMax = 1ull << 42;
inline constexpr size_t kGraphNodesMax = 1u << 17;
inline constexpr uint64_t kSmokeMemoryBytesMax = 64ull << 30;  // Tensors alive at once in a smoke check.

// Tokenizers.
inline constexpr uint64_t kTokenizerBytesMax = 64u << 20;   // tokenizer.json or a SentencePiece model.
inline constexpr size_t kVocabularyTokensMax = 1u << 21;    // Also the ids, which may have holes.
inline constexpr size_t kMergesMax = 1u << 22;
inline constexpr size_t kTokenBytesMax = 1024;              // One token, or one text that a rule adds.
inline constexpr size_t kPatternBytesMax = 8192;            // One regular expression.
inline constexpr size_t kTokenizerStagesMax = 64;           // Normalizers, pre-tokenizers, ... of one kind.
inline constexpr size_t kPromptBytesMax = 1u << 20;         // Text to encode.
inline constexpr size_t kNormalizedBytesMax = 16u << 20;    // What rules may make of it.
inline constexpr size_t kDecodedIdsMax = 1u << 22;          // Ids to decode.
inline constexpr uint32_t kPatternStepsMax = 100'000'000;   // All expressions on one text.
inline constexpr int32_t kPatternStackBytesMax = 8 << 20;

// Manifests.
inline constexpr uint64_t kManifestBytesMax = 32u << 20;
inline constexpr size_t kFilesPerReleaseMax = 100'000;
inline constexpr size_t kSmokeCasesMax = 256;

// Requests.
inline constexpr uint32_t kBatchItemsMax = 10'000;
inline constexpr uint32_t kMessageDataBytesMax = kFrameBytesMax;
inline constexpr uint32_t kMessageBytesMax = 36u << 20;
inline constexpr uint32_t kPageSizeMax = 1000;
inline constexpr uint32_t kPageSizeDefault = 100;
inline constexpr uint32_t kChunkListPageMax = 50'000;

}  // namespace plumb::limits

#endif  // PLUMB_BASE_LIMITS_H_
