"""What a walk through a folder takes for a photo and for a video; a file that is named is tried whatever its suffix."""

READABLE = {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".tif", ".tiff", ".bmp", ".dib", ".gif", ".avif", ".heic",
    ".heif", ".hif", ".jp2", ".j2k", ".ppm", ".pgm", ".pnm", ".tga", ".psd", ".ico", ".qoi",
}  # fmt: skip
# Pictures as well: where they cannot be read, it is said so, rather than nothing.
UNREADABLE = {
    ".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".sr2", ".raf", ".orf", ".rw2", ".pef", ".srw", ".x3f", ".raw",
    ".jxl", ".jxr", ".svg", ".exr", ".hdr", ".xcf",
}  # fmt: skip
PHOTOS = READABLE | UNREADABLE

VIDEOS = {
    ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv", ".3gp", ".ogv",
}  # fmt: skip
