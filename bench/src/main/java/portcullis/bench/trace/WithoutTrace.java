package portcullis.bench.trace;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassElement;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.MethodModel;
import java.lang.classfile.TypeKind;
import java.lang.constant.ConstantDescs;
import java.lang.reflect.AccessFlag;
import java.nio.file.Files;
import java.nio.file.Path;
import portcullis.hypervisor.trace.VpTrace;

/**
 * Makes a hypervisor without trace events, to compare with: a copy of {@link VpTrace} whose methods do nothing, to be put before
 * the real one on the class path.
 */
final class WithoutTrace {
    private static final String FILE = VpTrace.class.getName().replace('.', '/') + ".class";

    private WithoutTrace() {}

    /** @return the folder that holds the copy */
    static Path make() throws IOException {
        byte[] real;
        try (InputStream in = VpTrace.class.getClassLoader().getResourceAsStream(FILE)) {
            real = in.readAllBytes();
        }
        ClassFile files = ClassFile.of();
        byte[] empty = files.transformClass(files.parse(real), WithoutTrace::copy);
        Path folder = Files.createTempDirectory("portcullis-without-trace");
        Path file = folder.resolve(FILE);
        Files.createDirectories(file.getParent());
        Files.write(file, empty);
        return folder;
    }

    private static void copy(ClassBuilder to, ClassElement element) {
        boolean emits = element instanceof MethodModel method
                && method.flags().has(AccessFlag.PUBLIC)
                && !method.methodName().equalsString(ConstantDescs.INIT_NAME);
        if (emits) {
            MethodModel method = (MethodModel) element;
            to.withMethodBody(
                    method.methodName(),
                    method.methodType(),
                    method.flags().flagsMask(),
                    code -> doNothing(
                            code, TypeKind.from(method.methodTypeSymbol().returnType())));
        } else {
            to.with(element);
        }
    }

    private static void doNothing(CodeBuilder code, TypeKind result) {
        switch (result) {
            case VOID -> code.return_();
            // The moment at which an event began: -1 for none.
            case LONG -> code.loadConstant(-1L).lreturn();
            default -> throw new IllegalStateException("a method of VpTrace returns " + result);
        }
    }
}
