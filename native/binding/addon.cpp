// The exports of the addon: NativeBinding of src/native/binding.ts.
#include <napi.h>

#include "binding/addon_state.h"
#include "binding/common/errors.h"
#include "binding/exports.h"
#include "kernels/encoder/encoder_dispatch.h"
#include "kernels/kernel_family.h"

namespace cosimo::binding {
namespace {

Napi::Array kernel_names(Napi::Env env) {
  Napi::Array names = Napi::Array::New(env);
  for (const KernelFamily family : available_kernel_families()) {
    names.Set(names.Length(), kernel_family_name(family));
  }
  names.Freeze();
  return names;
}

// Called once for every environment that loads the addon. Throws invalid_setting for an unknown
// COSIMO_KERNEL.
Napi::Object init(Napi::Env env, Napi::Object exports) {
  return guarded(env, [&] {
    exports.Set("kernel", kernel_family_name(active_kernel_family()));
    exports.Set("availableKernels", kernel_names(env));
    exports.Set("encoderKernels", encoder_kernels(env));
    exports.Set("tilesRefused", are_tiles_refused());
    exports.Set("errorCodes", error_codes(env));
    AddonState::of(env);
    exports.Set("VectorIndex", define_vector_index(env));
    exports.Set("EmbeddingCache", define_embedding_cache(env));
    exports.Set("TransformerEncoder", define_transformer_encoder(env));
    define_json_functions(env, exports);
    define_file_lock_function(env, exports);
    define_shared_library_function(env, exports);
    return exports;
  });
}

}  // namespace

NODE_API_MODULE(cosimo, init)

}  // namespace cosimo::binding
