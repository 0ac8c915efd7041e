package banyan.payment;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
    private static final JavaClasses CLASSES =
            new ClassFileImporter()
                    .withImportOption(new ImportOption.DoNotIncludeTests())
                    .importPackages("banyan.payment");

    @Test
    void layers_point_inwards() {
        layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .layer("root")
                .definedBy("banyan.payment")
                .layer("config")
                .definedBy("banyan.payment.config..")
                .layer("rpc")
                .definedBy("banyan.payment.rpc..")
                .layer("adapters")
                .definedBy("banyan.payment.adapters..")
                .layer("contract")
                .definedBy("banyan.payment.contract..")
                .layer("app")
                .definedBy("banyan.payment.app..")
                .layer("domain")
                .definedBy("banyan.payment.domain..")
                .layer("platform")
                .definedBy("banyan.payment.platform..")
                .whereLayer("root")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("config")
                .mayOnlyBeAccessedByLayers("root")
                .whereLayer("rpc")
                .mayOnlyBeAccessedByLayers("root")
                .whereLayer("adapters")
                .mayOnlyBeAccessedByLayers("root")
                .whereLayer("contract")
                .mayOnlyBeAccessedByLayers("adapters", "rpc")
                .whereLayer("app")
                .mayOnlyBeAccessedByLayers("adapters", "rpc", "root")
                .whereLayer("domain")
                .mayOnlyBeAccessedByLayers("app", "adapters", "contract", "rpc", "root")
                .whereLayer("platform")
                .mayOnlyBeAccessedByLayers("rpc", "config", "root")
                .check(CLASSES);
    }

    @Test
    void the_domain_knows_only_the_standard_library() {
        classes()
                .that()
                .resideInAPackage("banyan.payment.domain..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("banyan.payment.domain..", "java..")
                .check(CLASSES);
    }

    @Test
    void use_cases_know_no_wire_and_no_store() {
        classes()
                .that()
                .resideInAPackage("banyan.payment.app..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "banyan.payment.app..", "banyan.payment.domain..", "java..", "org.slf4j..")
                .check(CLASSES);
    }

    @Test
    void the_platform_knows_nothing_of_this_service() {
        noClasses()
                .that()
                .resideInAPackage("banyan.payment.platform..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "banyan.payment.v1..", "banyan.payment.domain..", "banyan.common..")
                .check(CLASSES);
    }

    @Test
    void only_main_reads_the_environment() {
        noClasses()
                .that()
                .doNotHaveSimpleName("Main")
                .should()
                .callMethod(System.class, "getenv")
                .orShould()
                .callMethod(System.class, "getenv", String.class)
                .check(CLASSES);
    }

    @Test
    void a_young_library_is_known_to_one_class_each() {
        noClasses()
                .that()
                .haveNameNotMatching(".*\\.GuardedProvider(\\$.*)?")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.github.resilience4j..")
                .check(CLASSES);
        noClasses()
                .that()
                .haveNameNotMatching(".*\\.RequestValidation(\\$.*)?")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("build.buf.protovalidate..")
                .check(CLASSES);
    }
}
