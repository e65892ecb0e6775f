package portcullis.app;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Objects;

/** Something the user gave cannot be used. The message is one line: what is wrong, then the remedy. */
final class UserError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UserError(String message) {
        super(message, null, false, false);
    }

    /** For a file that the user wants written and the host does not. */
    static UserError cannotWrite(Object file, IOException refused) {
        return new UserError(
                "%s cannot be written (%s); check the folder and its permissions".formatted(file, reason(refused)));
    }

    /** Why, in the words of users. */
    static String reason(IOException refused) {
        return switch (refused) {
            case NoSuchFileException missing -> "no such file or folder";
            case FileAlreadyExistsException there -> "it is no folder";
            case AccessDeniedException denied -> "permission denied";
            case FileSystemException other when other.getReason() != null -> other.getReason();
            default ->
                Objects.requireNonNullElse(
                        refused.getMessage(), refused.getClass().getSimpleName());
        };
    }
}
