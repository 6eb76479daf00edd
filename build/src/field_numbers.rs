//! The names of the two options, and the field numbers of which paths in a `.proto` file consist.

pub(crate) const CATALOG_OPTION: &str = "codelibra.error.v1.catalog";
pub(crate) const ENTRY_OPTION: &str = "codelibra.error.v1.entry";

/// Field numbers of `FileDescriptorProto`, `DescriptorProto` and `EnumDescriptorProto`.
pub(crate) const FILE_MESSAGES: i32 = 4;
pub(crate) const FILE_ENUMS: i32 = 5;
pub(crate) const MESSAGE_MESSAGES: i32 = 3;
pub(crate) const MESSAGE_ENUMS: i32 = 4;
pub(crate) const ENUM_VALUES: i32 = 2;

/// Field numbers of `EnumValueDescriptorProto`.
pub(crate) const VALUE_NAME: i32 = 1;
pub(crate) const VALUE_NUMBER: i32 = 2;

/// The field `options` of an enum and of a value, and the field `uninterpreted_option` of every options message.
pub(crate) const OPTIONS: i32 = 3;
pub(crate) const UNINTERPRETED_OPTION: i32 = 999;

/// Field numbers of `codelibra.error.v1.Catalog`, `Fallback`, `Entry` and `Param`.
pub(crate) const CATALOG_DOMAIN: i32 = 1;
pub(crate) const CATALOG_PAGES: i32 = 2;
pub(crate) const CATALOG_FALLBACK: i32 = 3;
pub(crate) const FALLBACK_GRPC_CODE: i32 = 1;
pub(crate) const FALLBACK_CODE: i32 = 2;
pub(crate) const ENTRY_SUMMARY: i32 = 1;
pub(crate) const ENTRY_CAUSE: i32 = 2;
pub(crate) const ENTRY_RESOLUTION: i32 = 3;
pub(crate) const ENTRY_PARAMS: i32 = 5;
pub(crate) const ENTRY_SINCE: i32 = 7;
pub(crate) const ENTRY_DEPRECATED: i32 = 8;
pub(crate) const ENTRY_REPLACED_BY: i32 = 9;
pub(crate) const PARAM_NAME: i32 = 1;
pub(crate) const PARAM_TYPE: i32 = 2;
pub(crate) const PARAM_DESCRIPTION: i32 = 3;

/// The number of both extensions, of enums and of values.
pub(crate) const EXTENSION: i32 = 52403;

/// The path of a field of a catalogue's option, from the path of the enum.
pub(crate) fn catalog_path(path: &[i32], field: i32) -> Vec<i32> {
    [path, &[OPTIONS, EXTENSION, field]].concat()
}

/// The path of an entry's option, from the path of the value.
pub(crate) const ENTRY_PATH: [i32; 2] = [OPTIONS, EXTENSION];
