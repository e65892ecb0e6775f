package portcullis.app;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The house as docs/architecture.md draws it: one concern a module, dependencies downwards only. */
class ArchitectureTest {
    private static JavaClasses classes;

    @BeforeAll
    static void readClasses() {
        classes = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("portcullis");
    }

    @Test
    void shouldDependDownwardsOnly() {
        layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .withOptionalLayers(true)
                .layer("app")
                .definedBy("portcullis.app..")
                .layer("junit")
                .definedBy("portcullis.junit..")
                .layer("host")
                .definedBy("portcullis.host..")
                .layer("machine")
                .definedBy("portcullis.machine..")
                .layer("hypervisor")
                .definedBy("portcullis.hypervisor..")
                .layer("soft")
                .definedBy("portcullis.soft..")
                .layer("kvm")
                .definedBy("portcullis.kvm..")
                .layer("engine")
                .definedBy("portcullis.engine..")
                .layer("tlfs")
                .definedBy("portcullis.tlfs..")
                .layer("memory")
                .definedBy("portcullis.memory..")
                .layer("state")
                .definedBy("portcullis.state..")
                .whereLayer("app")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("junit")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("host")
                .mayOnlyBeAccessedByLayers("junit", "app")
                .whereLayer("machine")
                .mayOnlyBeAccessedByLayers("host", "junit", "app")
                .whereLayer("hypervisor")
                .mayOnlyBeAccessedByLayers("machine", "host", "junit", "app")
                .whereLayer("soft")
                .mayOnlyBeAccessedByLayers("host", "app")
                .whereLayer("kvm")
                .mayOnlyBeAccessedByLayers("host", "app")
                .whereLayer("engine")
                .mayOnlyBeAccessedByLayers("soft", "kvm", "hypervisor", "machine", "host", "junit", "app")
                .whereLayer("tlfs")
                .mayOnlyBeAccessedByLayers("hypervisor", "machine", "host", "app")
                .whereLayer("memory")
                .mayOnlyBeAccessedByLayers("engine", "soft", "kvm", "hypervisor", "machine", "host", "app")
                .whereLayer("state")
                .mayOnlyBeAccessedByLayers("memory", "engine", "soft", "kvm", "hypervisor", "machine", "host", "app")
                .check(classes);
    }

    @Test
    void shouldHaveNoClassOutsideTheHouse() {
        noClasses()
                .should()
                .resideOutsideOfPackages(
                        "portcullis.app..",
                        "portcullis.junit..",
                        "portcullis.host..",
                        "portcullis.machine..",
                        "portcullis.hypervisor..",
                        "portcullis.soft..",
                        "portcullis.kvm..",
                        "portcullis.engine..",
                        "portcullis.tlfs..",
                        "portcullis.memory..",
                        "portcullis.state..")
                .check(classes);
    }

    @Test
    void shouldHaveNoCyclesBetweenModules() {
        slices().matching("portcullis.(*)..").should().beFreeOfCycles().check(classes);
    }

    /** STYLE: native code stands behind one package. */
    @Test
    void shouldReachNativeCodeThroughTheFenceOnly() {
        noClasses()
                .that()
                .resideOutsideOfPackages("portcullis.memory.host..", "portcullis.kvm..")
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.lang.foreign.Linker")
                .allowEmptyShould(true)
                .check(classes);
    }
}
