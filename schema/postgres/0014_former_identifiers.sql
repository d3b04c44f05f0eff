-- Nothing ever filled it: no extract says which RPPS number an ADELI number gave way to.
drop table professional_identifiers;
