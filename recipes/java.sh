# dvm: summary: a Java development kit of the distribution; DVM_JAVA_VERSION chooses another than its default
# dvm: as: root
# dvm: vars: DVM_JAVA_VERSION

version=${DVM_JAVA_VERSION:-}
if ! [[ $version =~ ^[0-9]*$ ]]; then dvm_fail "DVM_JAVA_VERSION says “$version”" "write a number such as 21"; fi
if [ -z "$version" ]; then
    dvm_packages java-devel/default-jdk-headless
elif dvm_can_have_package "java-$version-openjdk-devel/openjdk-$version-jdk-headless"; then
    dvm_packages "java-$version-openjdk-devel/openjdk-$version-jdk-headless"
else
    dvm_fail "this VM's distribution has no Java $version" "leave DVM_JAVA_VERSION out to have its default"
fi
