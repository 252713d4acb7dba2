--- libtykmetrics for LuaJIT: counters, gauges and histograms for OpenResty and other programs that run LuaJIT.
--
-- What is registered is kept by the caller; records are FFI calls, which LuaJIT compiles to plain calls; values
-- that are no strings are made strings first. Mistakes in names, labels and options raise a Lua error with the library's message. Records never raise
-- because of metrics: what the library cannot use it ignores.
--
-- The functions below are declared as the header has them; the project's tests compare the two.

local ffi = require("ffi")

-- header: begin
ffi.cdef([[
typedef struct tyk_str { const char *data; size_t len; } tyk_str;
typedef struct tyk_label { tyk_str name; tyk_str value; } tyk_label;
typedef struct tyk_bytes { uint8_t *data; size_t len; size_t capacity; } tyk_bytes;
typedef struct tyk_error tyk_error;
typedef struct tyk_registry tyk_registry;
typedef struct tyk_family tyk_family;

typedef struct tyk_registry_options {
  size_t size;
  uint32_t names;
  uint32_t reserved;
  uint64_t series_limit;
  const tyk_label *const_labels;
  size_t const_label_count;
} tyk_registry_options;

typedef struct tyk_options {
  size_t size;
  const char *namespace_;
  const char *subsystem;
  const char *name;
  const char *help;
  const char *unit;
  const char *const *label_names;
  size_t label_count;
  const tyk_label *const_labels;
  size_t const_label_count;
  uint32_t limit;
  uint32_t private_series;
  uint64_t expire_after_ms;
  uint32_t flags;
  uint32_t store;
  const double *buckets;
  size_t bucket_count;
  uint32_t native;
  int32_t native_schema;
  double range_min;
  double range_max;
  const double *quantiles;
  size_t quantile_count;
  uint64_t window_ms;
  const char *const *states;
  size_t state_count;
} tyk_options;

typedef struct tyk_exposition {
  uint32_t format;
  uint32_t escaping;
  uint32_t encoding;
  uint32_t histograms;
  uint8_t created;
  uint8_t empty_families;
  uint8_t native_limited;
  uint8_t reserved;
  int32_t native_schema;
  uint64_t native_buckets;
} tyk_exposition;

const char *tyk_version(void);
const char *tyk_error_name(const tyk_error *error);
const char *tyk_error_message(const tyk_error *error);
void tyk_error_free(tyk_error **error);
void tyk_bytes_free(tyk_bytes *bytes);
tyk_error *tyk_registry_new(const tyk_registry_options *options, tyk_registry **out);
void tyk_registry_free(tyk_registry **registry);
tyk_error *tyk_family_new(tyk_registry *registry, uint32_t kind, const tyk_options *options, tyk_family **out);
void tyk_family_free(tyk_family **family);
void tyk_family_add(const tyk_family *family, const tyk_str *values, size_t count, double v);
void tyk_family_set(const tyk_family *family, const tyk_str *values, size_t count, double v);
void tyk_family_observe(const tyk_family *family, const tyk_str *values, size_t count, double v);
tyk_error *tyk_negotiate(const char *accept, const char *accept_encoding, tyk_exposition *out);
tyk_error *tyk_exposition_content_type(const tyk_exposition *exposition, tyk_bytes *out);
const char *tyk_exposition_content_encoding(const tyk_exposition *exposition);
tyk_error *tyk_render(const tyk_registry *registry, const tyk_exposition *exposition, tyk_bytes *out);
]])
-- header: end

local COUNTER, GAUGE, HISTOGRAM = 1, 2, 4 -- tyk_kind

local lib = ffi.load(os.getenv("TYKMETRICS_LIBRARY") or "tykmetrics")

--- Raises what a cold function returned, at the line that called the function which calls this.
local function check(failed)
  if failed == nil then
    return
  end
  local message = ffi.string(lib.tyk_error_name(failed)) .. ": " .. ffi.string(lib.tyk_error_message(failed))
  local holder = ffi.new("tyk_error *[1]", failed)
  lib.tyk_error_free(holder)
  error(message, 3)
end

--- Gives a thing back to the library when Lua forgets it.
local function owned(pointer, free, holder_type)
  return ffi.gc(pointer, function(thing)
    free(ffi.new(holder_type, thing))
  end)
end

--- The value, which must be a text. Called by functions of the module, for the line to be that of their caller.
local function text(value)
  if type(value) ~= "string" then
    error("a text is needed, not a " .. type(value), 3)
  end
  return value
end

local Family = {}
Family.__index = Family

local Registry = {}
Registry.__index = Registry

--- Registers a metric, or finds the one that was registered the same way before.
--
-- `options`: `name`; `help`, `unit`, `namespace` and `subsystem`, each a text; `labels`, a list of names; `limit`, the most
-- series; `buckets`, a list of bounds (of a histogram).
local function register(registry, kind, options)
  local of = ffi.new("tyk_options")
  of.size = ffi.sizeof("tyk_options")
  of.name = text(options.name)
  for member, option in pairs({ help = "help", unit = "unit", namespace_ = "namespace", subsystem = "subsystem" }) do
    if options[option] then
      of[member] = text(options[option])
    end
  end
  -- The library copies what it is given: the arrays, and the strings that they point into, are only needed until then.
  local labels = options.labels or {}
  local names = ffi.new("const char *[?]", math.max(#labels, 1))
  for at, name in ipairs(labels) do
    names[at - 1] = text(name)
  end
  of.label_names, of.label_count, of.limit = names, #labels, options.limit or 0
  local buckets = options.buckets and ffi.new("double[?]", math.max(#options.buckets, 1), options.buckets)
  if buckets then
    of.buckets, of.bucket_count = buckets, #options.buckets
  end
  local out = ffi.new("tyk_family *[1]")
  check(lib.tyk_family_new(registry.pointer, kind, of, out))
  -- One array for the values of every record: Lua runs one function of a VM at a time, and nothing yields in between.
  return setmetatable({
    pointer = owned(out[0], lib.tyk_family_free, "tyk_family *[1]"),
    count = #labels,
    values = ffi.new("tyk_str[?]", math.max(#labels, 1)),
    texts = {},
  }, Family)
end

--- A counter, which only goes up: `add`.
function Registry:counter(options)
  return register(self, COUNTER, options)
end

--- A gauge: `set` and `add`.
function Registry:gauge(options)
  return register(self, GAUGE, options)
end

--- A histogram: `observe`.
function Registry:histogram(options)
  return register(self, HISTOGRAM, options)
end

--- The exposition as a client accepts it; both arguments are the headers of its request, or nil.
-- Returns the body, its content type, and its encoding or nil.
function Registry:render(accept, accept_encoding)
  local exposition, bytes = ffi.new("tyk_exposition"), ffi.new("tyk_bytes")
  check(lib.tyk_negotiate(accept, accept_encoding, exposition))
  check(lib.tyk_exposition_content_type(exposition, bytes))
  local content_type = ffi.string(bytes.data, bytes.len)
  local failed = lib.tyk_render(self.pointer, exposition, bytes)
  local body = failed == nil and ffi.string(bytes.data, bytes.len) or nil
  lib.tyk_bytes_free(bytes)
  check(failed)
  local encoding = lib.tyk_exposition_content_encoding(exposition)
  return body, content_type, encoding ~= nil and ffi.string(encoding) or nil
end

--- The label values of a record, in the order of the family's names. What is not a text is written as one; a nil is an
-- empty one, as for a label that is not there.
local function place(family, ...)
  local values, texts = family.values, family.texts
  for at = 1, family.count do
    local value = select(at, ...)
    if type(value) ~= "string" then
      value = value == nil and "" or tostring(value)
    end
    -- A pointer does not keep its string from the collector.
    texts[at] = value
    values[at - 1].data, values[at - 1].len = value, #value
  end
  return values
end

--- Adds to a counter or a gauge.
function Family:add(amount, ...)
  lib.tyk_family_add(self.pointer, place(self, ...), self.count, amount)
end

--- Sets a gauge.
function Family:set(value, ...)
  lib.tyk_family_set(self.pointer, place(self, ...), self.count, value)
end

--- Records a value in a histogram, a time in seconds.
function Family:observe(value, ...)
  lib.tyk_family_observe(self.pointer, place(self, ...), self.count, value)
end

local M = {}

--- The library's version.
M.version = ffi.string(lib.tyk_version())

-- What is declared above is of this interface; before 1.0 every minor version may have another.
local interface = "0.1"
if M.version:match("^%d+%.%d+") ~= interface then
  error("libtykmetrics is " .. M.version .. ", and this module is for " .. interface .. ": take the module that came with it")
end

--- A registry: what one page shows. `const_labels` is optional: a table of labels that every series carries.
function M.registry(const_labels)
  local names = {}
  for name in pairs(const_labels or {}) do
    names[#names + 1] = name
  end
  table.sort(names) -- the same page in every process
  local labels, out = ffi.new("tyk_label[?]", math.max(#names, 1)), ffi.new("tyk_registry *[1]")
  for at, name in ipairs(names) do
    local value = const_labels[name]
    labels[at - 1].name.data, labels[at - 1].name.len = text(name), #name
    labels[at - 1].value.data, labels[at - 1].value.len = text(value), #value
  end
  local options = ffi.new("tyk_registry_options")
  options.size = ffi.sizeof("tyk_registry_options")
  options.const_labels, options.const_label_count = labels, #names
  check(lib.tyk_registry_new(options, out))
  return setmetatable({ pointer = owned(out[0], lib.tyk_registry_free, "tyk_registry *[1]") }, Registry)
end

return M
