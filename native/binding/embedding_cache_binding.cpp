// The class EmbeddingCache of src/native/binding.ts.
#include <cstring>
#include <limits>
#include <memory>
#include <string>

#include "binding/common/arguments.h"
#include "binding/common/errors.h"
#include "binding/common/memory_report.h"
#include "binding/common/shared_objects.h"
#include "binding/exports.h"
#include "core/base/error.h"
#include "core/cache/embedding_cache.h"
#include "core/index/vector_index.h"
#include "core/json/json_writer.h"
#include "kernels/decimals/decimals_dispatch.h"
#include "kernels/search/search_kernel.h"

namespace cosimo::binding {
namespace {

constexpr std::size_t kAnySize = std::numeric_limits<std::size_t>::max();

// The caches that environments of this process share.
SharedObjects<EmbeddingCache>& shared_caches() {
  static SharedObjects<EmbeddingCache> caches;
  return caches;
}

std::shared_ptr<EmbeddingCache> open_cache(std::uint64_t number) {
  std::shared_ptr<EmbeddingCache> cache = shared_caches().open(number);
  if (!cache) throw Error(ErrorCode::invalid_argument, "shared must be the number of a cache that is in use");
  return cache;
}

class EmbeddingCacheBinding : public Napi::ObjectWrap<EmbeddingCacheBinding> {
 public:
  static Napi::Function define(Napi::Env env) {
    using Self = EmbeddingCacheBinding;
    return DefineClass(env, "EmbeddingCache",
                       {
                           InstanceAccessor<&Self::dimensions>("dimensions"),
                           InstanceAccessor<&Self::capacity_bytes>("capacityBytes"),
                           InstanceAccessor<&Self::memory_bytes>("memoryBytes"),
                           InstanceAccessor<&Self::size>("size"),
                           InstanceMethod<&Self::statistics>("statistics"),
                           InstanceMethod<&Self::share>("share"),
                           InstanceMethod<&Self::get>("get"),
                           InstanceMethod<&Self::set>("set"),
                           InstanceMethod<&Self::write_json>("writeJson"),
                       });
  }

  explicit EmbeddingCacheBinding(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<EmbeddingCacheBinding>(info) {
    guarded(info.Env(), [&] {
      if (const std::uint64_t shared = integer_option(info, "shared", 1, kAnySize, 0)) {
        cache_ = open_cache(shared);
        return;
      }
      CacheOptions options{};
      options.dimensions = integer_option(info, "dimensions", 1, kMaxDimensions);
      options.capacity_bytes = integer_option(info, "capacityBytes", 0, kAnySize);
      options.time_to_live_ms = integer_option(info, "timeToLiveMs", 0, kAnySize, 0);
      cache_ = std::make_shared<EmbeddingCache>(options);
      is_owner_ = true;
      report();
    });
  }

  ~EmbeddingCacheBinding() override { report_.update(Env(), 0); }

 private:
  Napi::Value dimensions(const Napi::CallbackInfo& info) { return number(info, cache_->dimensions()); }
  Napi::Value capacity_bytes(const Napi::CallbackInfo& info) {
    return number(info, cache_->capacity_bytes());
  }
  Napi::Value memory_bytes(const Napi::CallbackInfo& info) { return number(info, cache_->memory_bytes()); }
  Napi::Value size(const Napi::CallbackInfo& info) { return number(info, cache_->size()); }

  Napi::Value statistics(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      const CacheCounts counts = cache_->counts();
      Napi::Object statistics = Napi::Object::New(info.Env());
      const auto set = [&](const char* name, std::uint64_t value) {
        statistics.Set(name, number(info, value));
      };
      set("entries", cache_->size());
      set("memoryBytes", cache_->memory_bytes());
      set("hits", counts.hits);
      set("misses", counts.misses);
      set("insertions", counts.insertions);
      set("evictions", counts.evictions);
      set("readmissions", counts.readmissions);
      set("refusals", counts.refusals);
      return statistics;
    });
  }

  Napi::Value share(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] { return number(info, shared_caches().share(cache_)); });
  }

  Napi::Value get(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      const std::string_view text = text_argument(info[0], "text", room_);
      EmbeddingCache::Reader reader(*cache_);
      const std::span<const float> found = reader.find(text);
      reader.count(found.empty() ? 0 : 1, found.empty() ? 1 : 0);
      if (found.empty()) return info.Env().Undefined();
      Napi::Float32Array vector = Napi::Float32Array::New(info.Env(), found.size());
      std::memcpy(vector.Data(), found.data(), found.size_bytes());
      return vector;
    });
  }

  void set(const Napi::CallbackInfo& info) {
    guarded(info.Env(), [&] {
      const std::string_view text = text_argument(info[0], "text", room_);
      cache_->set(text, floats_argument(info[1], "vector", cache_->dimensions()));
      report();
    });
  }

  // Returns -1 and counts nothing when a text is not in the cache.
  Napi::Value write_json(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&]() -> Napi::Value {
      const std::vector<Napi::Value> texts = elements_argument(info[0], "texts");
      const std::size_t offset = integer_argument(info[2], "offset", 0, kAnySize);
      const std::span<char> target = bytes_argument(info[1], "target", offset);
      const std::size_t room = vector_json_room(cache_->dimensions()) + 1;
      if (target.size() / room < texts.size())
        throw Error(ErrorCode::invalid_argument, "target is too small");
      char* to = target.data();
      for (const Napi::Value& text : texts) {
        if (to != target.data()) *to++ = ',';
        to = write_found(text_argument(text, "each of the texts", room_), to);
        if (to == nullptr) return Napi::Number::New(info.Env(), -1);
      }
      EmbeddingCache::Reader(*cache_).count(texts.size(), 0);
      return number(info, offset + static_cast<std::size_t>(to - target.data()));
    });
  }

  // Reads straight from the cache's memory. Null when the text is not in the cache.
  char* write_found(std::string_view text, char* to) noexcept {
    EmbeddingCache::Reader reader(*cache_);
    const std::span<const float> vector = reader.find(text);
    return vector.empty() ? nullptr : write_vector_json(to, vector, active_decimals_kernel());
  }

  // Only the environment that made the cache reports its memory.
  void report() {
    if (is_owner_) report_.update(Env(), cache_->memory_bytes());
  }

  static Napi::Value number(const Napi::CallbackInfo& info, std::uint64_t value) {
    return Napi::Number::New(info.Env(), static_cast<double>(value));
  }

  std::shared_ptr<EmbeddingCache> cache_;
  bool is_owner_ = false;
  MemoryReport report_;
  std::string room_;  // reused for the text of each call
};

}  // namespace

Napi::Function define_embedding_cache(Napi::Env env) { return EmbeddingCacheBinding::define(env); }

}  // namespace cosimo::binding
