/* Files that are appended and read again, and that outlive a loss of power. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "engine.h"
#include "errors.h"

/* 0 or an errno, of a result that is negative where something has failed. */
static int error_of(int result)
{
    return result < 0 ? errno : 0;
}

static JSValue null_or_error(JSContext *context, int error)
{
    return error == 0 ? JS_NULL : error_value(context, error);
}

/* Calls `action` with the path that the argument is; what it returns is 0 or an errno. */
static JSValue with_path(JSContext *context, JSValueConst argument, int (*action)(const char *path))
{
    const char *path = JS_ToCString(context, argument);
    if (path == NULL)
        return JS_EXCEPTION;
    int error = action(path);
    JS_FreeCString(context, path);
    return null_or_error(context, error);
}

static int make_directory_path(const char *path)
{
    int error = error_of(mkdir(path, 0777));
    return error == EEXIST ? 0 : error;
}

static JSValue make_directory(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc;
    return with_path(context, argv[0], make_directory_path);
}

static int sync_directory_path(const char *path)
{
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return errno;
    int result;
    do
        result = fsync(directory);
    while (result < 0 && errno == EINTR);
    int error = error_of(result);
    close(directory);
    return error;
}

static JSValue sync_directory(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc;
    return with_path(context, argv[0], sync_directory_path);
}

static int remove_path(const char *path)
{
    return error_of(unlink(path));
}

static JSValue remove_file(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc;
    return with_path(context, argv[0], remove_path);
}

static JSValue open_stored(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc;
    int make = JS_ToBool(context, argv[1]);
    const char *path = make < 0 ? NULL : JS_ToCString(context, argv[0]);
    if (path == NULL)
        return JS_EXCEPTION;
    int file = open(path, O_RDWR | O_APPEND | O_CLOEXEC | (make ? O_CREAT : 0), 0666);
    int error = errno;
    JS_FreeCString(context, path);
    return file < 0 ? error_value(context, error) : JS_NewInt32(context, file);
}

/* The kernel's lock goes with the descriptor, and that with the process. */
static JSValue lock_file(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc;
    const char *path = JS_ToCString(context, argv[0]);
    if (path == NULL)
        return JS_EXCEPTION;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    int error = error_of(file);
    JS_FreeCString(context, path);
    if (error == 0) {
        error = error_of(flock(file, LOCK_EX | LOCK_NB));
        if (error != 0)
            close(file);
    }
    return error == 0 ? JS_NewInt32(context, file) : error_value(context, error);
}

static JSValue file_size(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc;
    int file;
    struct stat status;
    if (JS_ToInt32(context, &file, argv[0]) != 0)
        return JS_EXCEPTION;
    return fstat(file, &status) == 0 ? JS_NewInt64(context, status.st_size) : error_value(context, errno);
}

/* Reads `length` bytes, or fewer where the file ends before. Their number, or -1: see errno. */
static ssize_t read_fully_at(int file, uint8_t *bytes, size_t length, int64_t offset)
{
    size_t at = 0;
    while (at < length) {
        ssize_t got = pread(file, bytes + at, length - at, (off_t)(offset + (int64_t)at));
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

static JSValue read_file_at(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc;
    int file;
    int64_t offset;
    size_t room;
    if (JS_ToInt32(context, &file, argv[0]) != 0 || JS_ToInt64(context, &offset, argv[1]) != 0)
        return JS_EXCEPTION;
    uint8_t *into = engine_bytes(argv[2], &room);
    if (into == NULL)
        return JS_EXCEPTION;
    ssize_t got = read_fully_at(file, into, room, offset);
    return got < 0 ? error_value(context, errno) : JS_NewInt64(context, got);
}

static JSValue truncate_file(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc;
    int file, result;
    int64_t size;
    if (JS_ToInt32(context, &file, argv[0]) != 0 || JS_ToInt64(context, &size, argv[1]) != 0)
        return JS_EXCEPTION;
    do
        result = ftruncate(file, (off_t)size);
    while (result < 0 && errno == EINTR);
    return null_or_error(context, error_of(result));
}

static JSValue sync_file(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc;
    int file, result;
    if (JS_ToInt32(context, &file, argv[0]) != 0)
        return JS_EXCEPTION;
    do
        result = fdatasync(file);
    while (result < 0 && errno == EINTR);
    return null_or_error(context, error_of(result));
}

/* CRC-32 (ISO 3309), reflected, with a table made when it is first needed. */
static uint32_t crc_table[256];

static void make_crc_table(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
        crc_table[byte] = crc;
    }
}

static JSValue crc32_of_bytes(JSContext *context, JSValueConst this, int argc, JSValueConst *argv)
{
    (void)this, (void)argc;
    size_t length;
    uint32_t crc;
    const uint8_t *bytes = engine_bytes(argv[0], &length);
    if (bytes == NULL || JS_ToUint32(context, &crc, argv[1]) != 0)
        return JS_EXCEPTION;
    if (crc_table[1] == 0)
        make_crc_table();
    crc = ~crc;
    for (size_t i = 0; i < length; i++)
        crc = (crc >> 8) ^ crc_table[(crc ^ bytes[i]) & 0xff];
    return JS_NewUint32(context, ~crc);
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("makeDirectory", 1, make_directory), JS_CFUNC_DEF("syncDirectory", 1, sync_directory),
    JS_CFUNC_DEF("removeFile", 1, remove_file),       JS_CFUNC_DEF("openStored", 2, open_stored),
    JS_CFUNC_DEF("lockFile", 1, lock_file),           JS_CFUNC_DEF("fileSize", 1, file_size),
    JS_CFUNC_DEF("readFileAt", 3, read_file_at),      JS_CFUNC_DEF("truncateFile", 2, truncate_file),
    JS_CFUNC_DEF("syncFile", 1, sync_file),           JS_CFUNC_DEF("crc32", 2, crc32_of_bytes),
};

int storage_register(JSContext *context, JSValueConst native)
{
    JS_SetPropertyFunctionList(context, native, functions, sizeof functions / sizeof functions[0]);
    return 0;
}
