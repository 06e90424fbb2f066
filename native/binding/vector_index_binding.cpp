// The class VectorIndex of src/native/binding.ts.
#include <memory>
#include <string>
#include <utility>

#include "binding/addon_state.h"
#include "binding/common/arguments.h"
#include "binding/common/errors.h"
#include "binding/common/memory_report.h"
#include "binding/common/tickets.h"
#include "binding/exports.h"
#include "core/base/error.h"
#include "core/index/vector_index.h"
#include "core/search/searcher.h"
#include "kernels/search/search_dispatch.h"

namespace cosimo::binding {
namespace {

constexpr std::size_t kMaxThreads = 1024;
constexpr std::uint64_t kMaxPlannedRows = std::uint64_t{1} << 46;

struct CodeOption {
  CodeScan scan;
  RotationPolicy rotation;
};

CodeOption code_option(const Napi::CallbackInfo& info) {
  const Napi::Value value = info[0].As<Napi::Object>().Get("scan");
  if (value.IsUndefined()) return {CodeScan::automatic, RotationPolicy::automatic};
  const std::string name = value.IsString() ? value.As<Napi::String>().Utf8Value() : "";
  if (name == "auto") return {CodeScan::automatic, RotationPolicy::automatic};
  if (name == "planes") return {CodeScan::planes, RotationPolicy::never};
  if (name == "bytes") return {CodeScan::bytes, RotationPolicy::never};
  if (name == "plain") return {CodeScan::automatic, RotationPolicy::never};
  if (name == "rotated") return {CodeScan::automatic, RotationPolicy::always};
  throw Error(ErrorCode::invalid_argument, "scan must be 'auto', 'planes', 'bytes', 'plain' or 'rotated'");
}

class SearchCall : public AsyncCall {
 public:
  SearchCall(Napi::Env env, const Napi::Object& owner) : AsyncCall(env), owner_(Napi::Persistent(owner)) {}

  Napi::Value value(Napi::Env env) override {
    Napi::Float64Array keys = Napi::Float64Array::New(env, hits.size());
    Napi::Float32Array scores = Napi::Float32Array::New(env, hits.size());
    for (std::size_t i = 0; i < hits.size(); ++i) {
      keys.Data()[i] = static_cast<double>(hits[i].key);
      scores.Data()[i] = hits[i].score;
    }
    Napi::Object result = Napi::Object::New(env);
    result.Set("keys", keys);
    result.Set("scores", scores);
    return result;
  }

  std::vector<Hit> hits;

 private:
  Napi::ObjectReference owner_;  // keeps the index from being collected during its search
};

class VectorIndexBinding : public Napi::ObjectWrap<VectorIndexBinding> {
 public:
  static Napi::Function define(Napi::Env env) {
    using Self = VectorIndexBinding;
    return DefineClass(env, "VectorIndex",
                       {
                           InstanceAccessor<&Self::dimensions>("dimensions"),
                           InstanceAccessor<&Self::size>("size"),
                           InstanceAccessor<&Self::memory_bytes>("memoryBytes"),
                           InstanceMethod<&Self::bytes_of_rows>("bytesOfRows"),
                           InstanceMethod<&Self::statistics>("statistics"),
                           InstanceMethod<&Self::reserve>("reserve"),
                           InstanceMethod<&Self::add>("add"),
                           InstanceMethod<&Self::add_many>("addMany"),
                           InstanceMethod<&Self::remove>("remove"),
                           InstanceMethod<&Self::replace>("replace"),
                           InstanceMethod<&Self::search>("search"),
                           InstanceMethod<&Self::cancel>("cancel"),
                           InstanceMethod<&Self::close>("close"),
                       });
  }

  explicit VectorIndexBinding(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<VectorIndexBinding>(info), state_(AddonState::of(info.Env())) {
    guarded(info.Env(), [&] {
      dimensions_ = integer_option(info, "dimensions", 1, kMaxDimensions);
      const std::size_t threads = integer_option(info, "threads", 1, kMaxThreads);
      const CodeOption codes = code_option(info);
      index_ = std::make_shared<VectorIndex>(dimensions_, active_search_kernel(), codes.rotation);
      searcher_ = std::make_unique<Searcher>(index_, active_search_kernel(), threads, codes.scan);
      state_->watch(*searcher_);
    });
  }

  ~VectorIndexBinding() override {
    if (searcher_) state_->unwatch(*searcher_);
    report_.update(Env(), 0);
  }

 private:
  Napi::Value dimensions(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(dimensions_));
  }

  Napi::Value size(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), index_ ? static_cast<double>(index_->size()) : 0);
  }

  Napi::Value memory_bytes(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), index_ ? static_cast<double>(index_->sizes().memory_bytes) : 0);
  }

  Napi::Value bytes_of_rows(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
      const std::uint64_t rows = integer_argument(info[0], "rows", 0, kMaxPlannedRows);
      return Napi::Number::New(info.Env(), static_cast<double>(cosimo::bytes_of_rows(dimensions_, rows)));
    });
  }

  Napi::Value statistics(const Napi::CallbackInfo& info) {
    const IndexSizes sizes = index_ ? index_->sizes() : IndexSizes{};
    const SearchCounts counts = searcher_->counts();
    Napi::Object result = Napi::Object::New(info.Env());
    const auto set = [&result](const char* name, std::size_t value) {
      result.Set(name, static_cast<double>(value));
    };
    set("rows", sizes.rows);
    set("deadRows", sizes.dead_rows);
    set("rowBytes", sizes.row_bytes);
    set("memoryBytes", sizes.memory_bytes);
    set("movedRows", sizes.moved_rows);
    set("rotatedRows", sizes.rotated_rows);
    set("rotations", sizes.rotations);
    set("headDimensions", sizes.head);
    set("searches", counts.searches);
    set("scans", counts.scans);
    set("planeRows", counts.rows.plane_rows);
    set("planeRowsPassed", counts.rows.plane_rows_passed);
    set("byteRows", counts.rows.byte_rows);
    set("headRows", counts.rows.head_rows);
    set("headRowsPassed", counts.rows.head_rows_passed);
    set("recordRowsPassed", counts.rows.record_rows_passed);
    set("scoredRows", counts.rows.scored_rows);
    set("readBytes", counts.rows.read_bytes);
    const bool is_rotated = 2 * sizes.rotated_rows > sizes.rows;
    result.Set("isRotating", index_ && index_->is_rotating());
    result.Set("scan", is_rotated ? "rotated" : searcher_->planes_pay() ? "planes" : "bytes");
    return result;
  }

  void reserve(const Napi::CallbackInfo& info) {
    guarded(info.Env(), [&] {
      open_index().reserve(integer_argument(info[0], "rows", 0, kMaxPlannedRows));
      report(info.Env());
    });
  }

  void add(const Napi::CallbackInfo& info) {
    guarded(info.Env(), [&] {
      const std::uint64_t key = key_argument(info[0], "key");
      const std::span<const float> vector = floats_argument(info[1], "vector", dimensions_);
      open_index().add({&key, 1}, vector);
      report(info.Env());
    });
  }

  void add_many(const Napi::CallbackInfo& info) {
    guarded(info.Env(), [&] {
      const std::vector<std::uint64_t> keys = keys_argument(info[0], "keys");
      const std::span<const float> vectors = floats_argument(info[1], "vectors", keys.size() * dimensions_);
      open_index().add(keys, vectors);
      report(info.Env());
    });
  }

  Napi::Value remove(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
      const std::uint64_t key = key_argument(info[0], "key");
      const bool removed = open_index().remove(key);
      report(info.Env());
      return Napi::Boolean::New(info.Env(), removed);
    });
  }

  void replace(const Napi::CallbackInfo& info) {
    guarded(info.Env(), [&] {
      const std::uint64_t old_key = key_argument(info[0], "oldKey");
      const std::uint64_t new_key = key_argument(info[1], "newKey");
      const std::span<const float> vector = floats_argument(info[2], "vector", dimensions_);
      open_index().replace(old_key, new_key, vector);
      report(info.Env());
    });
  }

  Napi::Value search(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      auto owned = std::make_unique<SearchCall>(info.Env(), info.This().As<Napi::Object>());
      SearchCall& call = *owned;
      AsyncCalls& calls = state_->calls();
      return calls.begin(info.Env(), std::move(owned), [&] {
        const std::span<const float> query = floats_argument(info[0], "query", dimensions_);
        const std::uint64_t top_k = integer_argument(info[1], "topK", 0, ~std::uint64_t{0});
        const double threshold = number_argument(info[2], "threshold");
        std::weak_ptr<PendingSearch>* kept = tickets_.place_for(info[3]);
        const auto search = searcher_->search(query, top_k, threshold, [&call, &calls](SearchResult result) {
          call.hits = std::move(result.hits);
          call.error = std::move(result.error);
          calls.finish(call);
        });
        if (kept != nullptr) *kept = search;
      });
    });
  }

  void cancel(const Napi::CallbackInfo& info) {
    guarded(info.Env(), [&] {
      if (const auto search = tickets_.take(info[0])) searcher_->cancel(search);
    });
  }

  void close(const Napi::CallbackInfo& info) {
    index_.reset();
    searcher_->close();
    report_.update(info.Env(), 0);
  }

  VectorIndex& open_index() const {
    if (!index_) throw Error(ErrorCode::closed, "The index is closed");
    return *index_;
  }

  void report(Napi::Env env) { report_.update(env, index_->sizes().memory_bytes); }

  std::shared_ptr<AddonState> state_;
  std::size_t dimensions_ = 0;
  std::shared_ptr<VectorIndex> index_;  // null once closed
  std::unique_ptr<Searcher> searcher_;
  Tickets<PendingSearch> tickets_;
  MemoryReport report_;
};

}  // namespace

Napi::Function define_vector_index(Napi::Env env) { return VectorIndexBinding::define(env); }

}  // namespace cosimo::binding
