/* Files and folders, synchronous: what is read is small and on the device's own storage. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "engine.h"
#include "errors.h"

static const char *type_of_mode(mode_t mode)
{
    if (S_ISDIR(mode))
        return "directory";
    return S_ISREG(mode) ? "file" : "other";
}

/* Links count as what they lead to, and as "other" where that is nothing. NULL: see errno. */
static const char *type_of_entry(DIR *directory, const struct dirent *entry)
{
    struct stat status;
    if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK)
        return type_of_mode(DTTOIF(entry->d_type));
    if (fstatat(dirfd(directory), entry->d_name, &status, 0) == 0)
        return type_of_mode(status.st_mode);
    return errno == ENOENT || errno == ENOTDIR ? "other" : NULL;
}

static bool is_self_or_parent(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static JSValue new_entry(JSContext *context, const char *name, const char *type)
{
    JSValue entry = JS_NewObject(context);
    if (JS_IsException(entry))
        return JS_EXCEPTION;
    if (JS_SetPropertyStr(context, entry, "name", JS_NewString(context, name)) < 0 ||
        JS_SetPropertyStr(context, entry, "type", JS_NewString(context, type)) < 0) {
        JS_FreeValue(context, entry);
        return JS_EXCEPTION;
    }
    return entry;
}

/* Adds all entries to `list`. 0, an errno, or -1 with an exception. */
static int read_entries(JSContext *context, DIR *directory, JSValueConst list)
{
    uint32_t count = 0;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (entry == NULL)
            return errno;
        if (is_self_or_parent(entry->d_name))
            continue;
        const char *type = type_of_entry(directory, entry);
        if (type == NULL)
            return errno;
        if (JS_SetPropertyUint32(context, list, count++, new_entry(context, entry->d_name, type)) < 0)
            return -1;
    }
}

static JSValue list_directory(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc;
    const char *path = JS_ToCString(context, argv[0]);
    if (path == NULL)
        return JS_EXCEPTION;
    DIR *directory = opendir(path);
    JS_FreeCString(context, path);
    if (directory == NULL)
        return error_value(context, errno);
    JSValue list = JS_NewArray(context);
    int error = JS_IsException(list) ? -1 : read_entries(context, directory, list);
    closedir(directory);
    if (error == 0)
        return list;
    JS_FreeValue(context, list);
    return error < 0 ? JS_EXCEPTION : error_value(context, error);
}

/* Reads `length` bytes, or fewer where the file ends before. Their number, or -1: see errno. */
static ssize_t read_fully(int file, uint8_t *bytes, size_t length)
{
    size_t at = 0;
    while (at < length) {
        ssize_t got = read(file, bytes + at, length - at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        at += (size_t)got;
    }
    return (ssize_t)at;
}

static int64_t read_open_file(int file, uint8_t *into, size_t room)
{
    struct stat status;
    if (fstat(file, &status) != 0)
        return -1;
    if (S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        return -1;
    }
    if ((uint64_t)status.st_size > room)
        return status.st_size;
    return read_fully(file, into, (size_t)status.st_size);
}

/* Opens without waiting: a FIFO that nobody writes to is an empty file here. */
static JSValue read_file(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc;
    size_t room;
    uint8_t *into = engine_bytes(argv[1], &room);
    const char *path = into == NULL ? NULL : JS_ToCString(context, argv[0]);
    if (path == NULL)
        return JS_EXCEPTION;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    JS_FreeCString(context, path);
    if (file < 0)
        return error_value(context, errno);
    int64_t size = read_open_file(file, into, room);
    int error = errno;
    close(file);
    return size < 0 ? error_value(context, error) : JS_NewInt64(context, size);
}

static int check_writable_path(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return errno;
    if (!S_ISDIR(status.st_mode))
        return ENOTDIR;
    return access(path, W_OK | X_OK) == 0 ? 0 : errno;
}

static JSValue check_writable(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc;
    const char *path = JS_ToCString(context, argv[0]);
    if (path == NULL)
        return JS_EXCEPTION;
    int error = check_writable_path(path);
    JS_FreeCString(context, path);
    return error == 0 ? JS_NULL : error_value(context, error);
}

static JSValue create_file(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc;
    const char *path = JS_ToCString(context, argv[0]);
    if (path == NULL)
        return JS_EXCEPTION;
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int error = errno;
    JS_FreeCString(context, path);
    return file < 0 ? error_value(context, error) : JS_NewInt32(context, file);
}

static int write_fully(int file, const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(file, bytes, length);
        if (written < 0 && errno != EINTR)
            return errno;
        if (written > 0) {
            bytes += written;
            length -= (size_t)written;
        }
    }
    return 0;
}

static JSValue write_file(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc;
    int file;
    size_t length;
    if (JS_ToInt32(context, &file, argv[0]) != 0)
        return JS_EXCEPTION;
    const uint8_t *bytes = engine_bytes(argv[1], &length);
    if (bytes == NULL)
        return JS_EXCEPTION;
    int error = write_fully(file, bytes, length);
    return error == 0 ? JS_NULL : error_value(context, error);
}

static JSValue close_file(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc;
    int file;
    if (JS_ToInt32(context, &file, argv[0]) != 0)
        return JS_EXCEPTION;
    close(file);
    return JS_UNDEFINED;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("listDirectory", 1, list_directory), JS_CFUNC_DEF("readFile", 2, read_file),
    JS_CFUNC_DEF("checkWritable", 1, check_writable), JS_CFUNC_DEF("createFile", 1, create_file),
    JS_CFUNC_DEF("writeFile", 2, write_file),         JS_CFUNC_DEF("closeFile", 1, close_file),
};

int files_register(JSContext *context, JSValueConst native)
{
    JS_SetPropertyFunctionList(context, native, functions, sizeof functions / sizeof functions[0]);
    return 0;
}
